//! ARNs, and lookups by name or ARN.

use super::{World, task::Task};

/// The part after the last `/` of an ARN, or the whole name.
pub(crate) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl World {
    /// An ECS ARN of this account and Region.
    pub(crate) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:ecs:{}:{}:{rest}", self.region, self.account_id)
    }

    pub(crate) fn cluster_arn(&self, cluster: usize) -> String {
        self.arn(&format!("cluster/{}", self.clusters[cluster].name))
    }

    fn within_service(&self, service: usize, kind: &str) -> String {
        let service = &self.services[service];
        self.arn(&format!("{kind}/{}/{}", self.clusters[service.cluster].name, service.name))
    }

    pub(crate) fn service_arn(&self, service: usize) -> String {
        self.within_service(service, "service")
    }

    pub(crate) fn rollout_arn(&self, service: usize, id: &str) -> String {
        format!("{}/{id}", self.within_service(service, "service-deployment"))
    }

    pub(crate) fn revision_arn(&self, service: usize, number: &str) -> String {
        format!("{}/{number}", self.within_service(service, "service-revision"))
    }

    pub(crate) fn task_arn(&self, task: &Task) -> String {
        self.arn(&format!("task/{}/{}", self.clusters[task.cluster].name, task.id))
    }

    pub(crate) fn instance_arn(&self, instance: usize) -> String {
        let instance = &self.instances[instance];
        self.arn(&format!("container-instance/{}/{}", self.clusters[instance.cluster].name, instance.id))
    }

    /// The role with which ECS attaches volumes.
    pub(crate) fn infrastructure_role(&self) -> String {
        format!("arn:aws:iam::{}:role/ecs-infrastructure", self.account_id)
    }

    /// A zone's name, for example `eu-west-1b`.
    pub(crate) fn zone(&self, zone: usize) -> String {
        format!("{}{}", self.region, ["a", "b", "c"][zone % 3])
    }

    /// The VPC of everything.
    pub(crate) const VPC: &str = "vpc-0d41c8e2b7f3a9560";

    /// The subnet of a zone.
    pub(crate) fn subnet(&self, zone: usize) -> String {
        format!("subnet-0{}", ["a1f4c7d2e9b03856", "b7c2d9e4f1a06835", "c3e8f5a2b9d47160"][zone % 3])
    }

    /// A cluster by name or ARN.
    pub(crate) fn find_cluster(&self, name: &str) -> Option<usize> {
        let name = match name.strip_prefix("arn:") {
            Some(rest) => rest.split_once(":cluster/")?.1,
            None => name,
        };
        self.clusters.iter().position(|cluster| cluster.name == name)
    }

    /// A service of a cluster by name or ARN.
    pub(crate) fn find_service(&self, cluster: usize, name: &str) -> Option<usize> {
        if let Some((_, path)) = name.split_once(":service/")
            && let Some((in_cluster, _)) = path.split_once('/')
            && in_cluster != self.clusters[cluster].name
        {
            return None;
        }
        let name = last_part(name);
        self.services.iter().position(|service| service.cluster == cluster && service.name == name)
    }

    /// An instance of a cluster by id or ARN.
    pub(crate) fn find_instance(&self, cluster: usize, name: &str) -> Option<usize> {
        let id = last_part(name);
        self.instances.iter().position(|instance| instance.cluster == cluster && instance.id == id)
    }
}
