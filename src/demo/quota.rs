//! AWS's request quotas: token buckets, each shared by several operations of an account in a Region.
//!
//! A bucket holds `burst` requests and refills at `per_second`, on tokio's clock.

use std::collections::HashMap;

use tokio::time::Instant;

use super::wire::{ApiError, Call, Service};

/// One row of AWS's quota tables.
#[derive(Debug)]
pub struct Quota {
    pub name: &'static str,
    pub service: Service,
    pub operations: &'static [&'static str],
    /// Number of requests in a full bucket.
    pub burst: f64,
    /// Number of requests refilled per second.
    pub per_second: f64,
    /// Regions with another rate (and, where burst and rate are the same, another burst).
    pub elsewhere: &'static [(&'static str, f64)],
}

/// A quota that is the same in every Region.
const fn quota(
    name: &'static str,
    service: Service,
    operations: &'static [&'static str],
    burst: u32,
    per_second: u32,
) -> Quota {
    Quota { name, service, operations, burst: burst as f64, per_second: per_second as f64, elsewhere: &[] }
}

use Service::{AutoScaling, Ecs, Elb, Kms, Logs, Ssm, Sts};

/// The bucket of every operation of the services, whether or not this endpoint implements it.
#[rustfmt::skip]
pub const QUOTAS: &[Quota] = &[
    quota("cluster read", Ecs, &["DescribeClusters", "ListClusters"], 50, 20),
    quota("cluster resource read", Ecs, &["DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes"], 100, 20),
    quota("service read", Ecs, &["DescribeServices", "ListServices", "DescribeDaemon", "ListDaemons", "DescribeExpressGatewayService"], 100, 20),
    quota("service deployment", Ecs, &["DescribeServiceDeployments", "ListServiceDeployments", "DescribeDaemonDeployments", "ListDaemonDeployments"], 50, 20),
    quota("service revision", Ecs, &["DescribeServiceRevisions", "DescribeDaemonRevisions"], 50, 20),
    quota("task definition read", Ecs, &["DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies", "DescribeDaemonTaskDefinition", "ListDaemonTaskDefinitions"], 50, 20),
    quota("capacity provider read", Ecs, &["DescribeCapacityProviders"], 50, 20),
    quota("tag read", Ecs, &["ListTagsForResource"], 50, 20),
    quota("setting read", Ecs, &["ListAccountSettings"], 50, 20),
    quota("task protection", Ecs, &["GetTaskProtection", "UpdateTaskProtection"], 200, 80),
    quota("cluster service resource read", Ecs, &["ListServicesByNamespace"], 10, 1),
    quota("cluster resource modify", Ecs, &["RunTask", "StartTask", "StopTask", "ExecuteCommand", "UpdateContainerInstancesState", "PutAttributes", "DeleteAttributes", "DeregisterContainerInstance", "UpdateContainerAgent"], 100, 40),
    quota("service modify", Ecs, &["CreateService", "UpdateService", "DeleteService", "CreateDaemon", "UpdateDaemon", "DeleteDaemon", "CreateExpressGatewayService", "UpdateExpressGatewayService", "DeleteExpressGatewayService"], 50, 5),
    quota("cluster modify", Ecs, &["CreateCluster", "UpdateCluster", "DeleteCluster", "UpdateClusterSettings", "PutClusterCapacityProviders"], 20, 1),
    quota("task definition modify", Ecs, &["RegisterTaskDefinition", "DeregisterTaskDefinition", "RegisterDaemonTaskDefinition"], 20, 1),
    quota("task definition deletion", Ecs, &["DeleteTaskDefinitions", "DeleteDaemonTaskDefinition"], 5, 1),
    quota("capacity provider modify", Ecs, &["CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider"], 10, 1),
    quota("tag modify", Ecs, &["TagResource", "UntagResource"], 20, 10),
    quota("setting modify", Ecs, &["PutAccountSetting", "PutAccountSettingDefault", "DeleteAccountSetting"], 10, 1),
    quota("task set modify", Ecs, &["CreateTaskSet", "UpdateTaskSet", "DeleteTaskSet", "UpdateServicePrimaryTaskSet"], 100, 20),
    quota("agent modify", Ecs, &["RegisterContainerInstance", "DiscoverPollEndpoint", "SubmitTaskStateChange", "SubmitContainerStateChange", "SubmitAttachmentStateChanges"], 200, 120),
    // AWS publishes no figure for these; small buckets of their own are the safe guess.
    quota("stop service deployment", Ecs, &["StopServiceDeployment"], 10, 1),
    quota("continue service deployment", Ecs, &["ContinueServiceDeployment"], 10, 1),
    quota("task set read", Ecs, &["DescribeTaskSets"], 10, 1),
    quota("gateway", Ecs, &["AssociateGatewayWithCluster", "CreateGateway", "DeleteGateway", "DescribeGateway", "DescribeGatewayResources", "DescribeGatewayRoute", "DisassociateGatewayFromCluster", "ListGatewayClusterAssociations", "ListGatewayRoutes", "ListGateways", "UpdateGateway"], 10, 1),
    Quota { elsewhere: &[("us-west-2", 10.0), ("eu-west-1", 10.0), ("eu-central-1", 10.0), ("ap-northeast-3", 10.0), ("ap-southeast-3", 10.0), ("ca-west-1", 10.0), ("il-central-1", 10.0), ("eu-west-3", 30.0)],
        ..quota("get log events", Logs, &["GetLogEvents"], 25, 25) },
    Quota { elsewhere: &[("us-east-1", 25.0), ("ap-northeast-3", 5.0), ("ap-southeast-3", 5.0), ("ca-west-1", 5.0), ("eu-central-1", 5.0), ("il-central-1", 5.0)],
        ..quota("filter log events", Logs, &["FilterLogEvents"], 10, 10) },
    quota("describe log streams", Logs, &["DescribeLogStreams"], 25, 25),
    quota("describe log groups", Logs, &["DescribeLogGroups"], 10, 10),
    quota("start live tail", Logs, &["StartLiveTail"], 5, 5),
    quota("start query", Logs, &["StartQuery"], 10, 10),
    quota("get query results", Logs, &["GetQueryResults"], 10, 10),
    quota("start session", Ssm, &["StartSession"], 3, 3),
    quota("resume session", Ssm, &["ResumeSession"], 6, 6),
    quota("terminate session", Ssm, &["TerminateSession"], 6, 6),
    quota("describe sessions", Ssm, &["DescribeSessions"], 6, 6),
    quota("cryptographic operations", Kms, &["Decrypt", "GenerateDataKey"], 10_000, 10_000),
    quota("load balancer read", Elb, &["DescribeAccountLimits", "DescribeCapacityReservation", "DescribeListenerAttributes", "DescribeListenerCertificates", "DescribeListeners", "DescribeLoadBalancerAttributes", "DescribeLoadBalancers", "DescribeRules", "DescribeSSLPolicies", "DescribeTags", "DescribeTargetGroupAttributes", "DescribeTargetGroups", "DescribeTargetHealth", "DescribeTrustStoreAssociations", "DescribeTrustStoreRevocations", "DescribeTrustStores"], 40, 10),
    // AWS publishes no figure for these either.
    quota("auto scaling read", AutoScaling, &["DescribeScalableTargets", "DescribeScalingPolicies", "DescribeScalingActivities", "DescribeScheduledActions"], 10, 5),
    quota("caller identity", Sts, &["GetCallerIdentity", "DecodeAuthorizationMessage"], 600, 600),
];

/// The names of all operations in [`QUOTAS`].
pub fn operations() -> impl Iterator<Item = &'static str> {
    QUOTAS.iter().flat_map(|quota| quota.operations).copied()
}

/// The buckets of one account in one Region.
#[derive(Debug)]
pub struct Buckets {
    region: String,
    /// The buckets used so far, by quota name; all others are full.
    levels: HashMap<&'static str, Bucket>,
}

impl Buckets {
    /// Full buckets.
    pub fn new(region: &str) -> Self {
        Self { region: region.to_owned(), levels: HashMap::new() }
    }

    /// Takes one request from its bucket. An operation without a bucket is not limited: it doesn't exist.
    ///
    /// # Errors
    /// `ThrottlingException` if the bucket is empty.
    pub fn take(&mut self, call: &Call, now: Instant) -> Result<(), ApiError> {
        let belongs =
            |quota: &&Quota| quota.service == call.service && quota.operations.contains(&call.operation.as_str());
        let Some(quota) = QUOTAS.iter().find(belongs) else { return Ok(()) };
        let (burst, per_second) = match quota.elsewhere.iter().find(|(region, _)| *region == self.region) {
            Some((_, rate)) => (*rate, *rate),
            None => (quota.burst, quota.per_second),
        };
        let bucket = self.levels.entry(quota.name).or_insert_with(|| Bucket::full(burst, per_second, now));
        if bucket.take(now) { Ok(()) } else { Err(throttled()) }
    }
}

/// AWS's answer to a request over the limit.
pub fn throttled() -> ApiError {
    ApiError::client("ThrottlingException", "Rate exceeded")
}

/// A token bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    burst: f64,
    per_second: f64,
    level: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn full(burst: f64, per_second: f64, now: Instant) -> Self {
        Self { burst, per_second, level: burst, at: now }
    }

    /// Takes one token, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        let refill = now.saturating_duration_since(self.at).as_secs_f64() * self.per_second;
        (self.level, self.at) = ((self.level + refill).min(self.burst), now);
        let enough = self.level >= 1.0;
        if enough {
            self.level -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(service: Service, operation: &str) -> Call {
        Call { service, operation: operation.to_owned() }
    }

    /// How many of `wanted` requests pass at one instant.
    fn passed(buckets: &mut Buckets, call: &Call, now: Instant, wanted: usize) -> usize {
        (0..wanted).filter(|_| buckets.take(call, now).is_ok()).count()
    }

    #[test]
    fn every_operation_is_in_one_bucket() {
        let mut seen = std::collections::HashSet::new();
        for name in operations() {
            assert!(seen.insert(name), "{name} stands twice");
        }
        let names: std::collections::HashSet<_> = QUOTAS.iter().map(|quota| quota.name).collect();
        assert_eq!(names.len(), QUOTAS.len());
    }

    #[rstest::rstest]
    #[case("ListTasks", 100, 20)]
    #[case("DescribeClusters", 50, 20)]
    #[case("UpdateService", 50, 5)]
    #[case("StopServiceDeployment", 10, 1)]
    fn a_bucket_allows_its_burst_then_its_rate(#[case] name: &str, #[case] burst: usize, #[case] rate: usize) {
        let (mut buckets, now) = (Buckets::new("eu-west-1"), Instant::now());
        let call = call(Service::Ecs, name);
        assert_eq!(passed(&mut buckets, &call, now, 1000), burst);
        assert_eq!(buckets.take(&call, now), Err(ApiError::client("ThrottlingException", "Rate exceeded")));
        assert_eq!(passed(&mut buckets, &call, now + Duration::from_secs(2), 1000), 2 * rate);
        assert_eq!(passed(&mut buckets, &call, now + Duration::from_hours(1), 1000), burst, "never over the brim");
    }

    #[test]
    fn operations_of_one_bucket_share_it_and_others_do_not() {
        let (mut buckets, now) = (Buckets::new("eu-west-1"), Instant::now());
        assert_eq!(passed(&mut buckets, &call(Service::Ecs, "ListTasks"), now, 60), 60);
        assert_eq!(passed(&mut buckets, &call(Service::Ecs, "DescribeTasks"), now, 60), 40);
        assert_eq!(passed(&mut buckets, &call(Service::Ecs, "ListServices"), now, 60), 60);
        assert_eq!(passed(&mut buckets, &call(Service::Ecs, "NoSuchOperation"), now, 1000), 1000);
    }

    #[rstest::rstest]
    #[case("eu-west-1", 10)]
    #[case("us-east-1", 25)]
    #[case("eu-west-3", 30)]
    fn log_quotas_differ_by_region(#[case] region: &str, #[case] burst: usize) {
        let mut buckets = Buckets::new(region);
        assert_eq!(passed(&mut buckets, &call(Service::Logs, "GetLogEvents"), Instant::now(), 100), burst);
    }
}
