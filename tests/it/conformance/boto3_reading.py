"""Reads the demo endpoint with boto3 and says where it is not as AWS is.

Usage: boto3_reading.py ENDPOINT_URL

Time in the account has to stand still, so that two calls see the same.
"""

import json
import urllib.error
import urllib.request

from botocore.exceptions import EventStreamError

from botocore_model import deviations
from judge import *


@check
def identity():
    caller = sts.get_caller_identity()
    assert caller["Account"] in caller["Arn"] and caller["Arn"].startswith("arn:aws:sts::"), caller
    assert caller["ResponseMetadata"]["RequestId"], caller


@check
def errors_carry_their_codes():
    refused("ClusterNotFoundException", ecs.list_services, cluster="nowhere")
    refused("ClusterNotFoundException", ecs.describe_tasks, cluster="nowhere", tasks=["0" * 32])
    refused("ServiceNotFoundException", ecs.update_service, cluster=clusters()[0], service="nothing", desiredCount=1)
    refused("UnknownOperationException", ssm.list_associations)


@check
def the_model_would_notice():
    with fault("unknown:logGroupClass"):
        logs.describe_log_groups()
    assert any("FROBNICATING" in deviation for deviation in deviations), deviations
    deviations.clear()
    with fault("unknown:TargetType"):
        elb.describe_target_groups()
    assert any("FROBNICATING" in deviation for deviation in deviations), deviations
    deviations.clear()


@check
def faults_are_errors_as_boto3_knows_them():
    for spec, code in [
        ("throttle", "ThrottlingException"),
        ("deny:ListClusters", "AccessDeniedException"),
        ("expired", "ExpiredTokenException"),
        ("server-error", "ServerException"),
        ("http500", "500"),
    ]:
        with fault(spec):
            refused(code, ecs.list_clusters)
    with fault("expired"):
        refused("ExpiredToken", sts.get_caller_identity)
    assert control("GET", "/faults") == []


@check
def an_unsigned_request_is_refused():
    request = urllib.request.Request(URL, data=b"{}", method="POST")
    request.add_header("x-amz-target", "AmazonEC2ContainerServiceV20141113.ListClusters")
    try:
        urllib.request.urlopen(request)
    except urllib.error.HTTPError as error:
        assert json.load(error)["__type"] == "MissingAuthenticationTokenException"
    else:
        raise AssertionError("an unsigned request was answered")


@check
def clusters_add_up():
    everything = ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"]
    answer = ecs.describe_clusters(clusters=[*clusters(), "nowhere"], include=everything)
    assert len(answer["clusters"]) == len(clusters()) > 0
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"], answer["failures"]
    for cluster in answer["clusters"]:
        assert cluster["activeServicesCount"] == len(services(cluster["clusterArn"])), cluster


@check
def services_come_ten_a_page_and_ten_a_call():
    biggest = max(clusters(), key=lambda cluster: len(services(cluster)))
    page = ecs.list_services(cluster=biggest)
    assert len(page["serviceArns"]) == min(10, len(services(biggest)))
    eleven = [service["serviceName"] for service in services(biggest)][:10]
    eleven += ["padding"] * (11 - len(eleven))
    refused("InvalidParameterException", ecs.describe_services, cluster=biggest, services=eleven)
    answer = ecs.describe_services(cluster=biggest, services=["no-such-service"])
    assert answer["services"] == [] and answer["failures"][0]["reason"] == "MISSING", answer


@check
def tasks_belong_where_they_are_listed():
    for cluster in clusters():
        running = tasks(cluster)
        for task in running:
            assert task["clusterArn"] == cluster and task["desiredStatus"] == "RUNNING", task
            assert task["containers"], task
        for group in {task["group"] for task in running if task["group"].startswith("service:")}:
            listed = tasks(cluster, serviceName=group.removeprefix("service:"))
            assert listed == [task for task in running if task["group"] == group], group
        for task in tasks(cluster, "STOPPED"):
            assert task["desiredStatus"] == "STOPPED", task
            if task["lastStatus"] == "STOPPED":
                assert task["stoppedAt"] and task["stopCode"] and task["stoppedReason"], task


def family_of(task):
    return task["taskDefinitionArn"].split("/")[-1].split(":")[0]


@check
def tasks_are_filtered():
    for cluster in clusters():
        for task in tasks(cluster)[:5]:
            family = family_of(task)
            assert {family_of(found) for found in tasks(cluster, family=family)} == {family}
        assert {task.get("launchType") for task in tasks(cluster, launchType="FARGATE")} <= {"FARGATE"}
    assert ecs.list_tasks(cluster=clusters()[0], desiredStatus="PENDING")["taskArns"] == []


@check
def a_hundred_and_one_tasks_are_too_many():
    cluster = clusters()[0]
    missing = [f"{n:032x}" for n in range(101)]
    refused("InvalidParameterException", ecs.describe_tasks, cluster=cluster, tasks=missing)
    answer = ecs.describe_tasks(cluster=cluster, tasks=missing[:100])
    assert answer["tasks"] == [] and {failure["reason"] for failure in answer["failures"]} == {"MISSING"}


@check
def container_instances():
    seen = 0
    for cluster in clusters():
        arns = every(ecs, "list_container_instances", "containerInstanceArns", cluster=cluster)
        if not arns:
            continue
        answer = ecs.describe_container_instances(
            cluster=cluster, containerInstances=arns, include=["TAGS", "CONTAINER_INSTANCE_HEALTH"]
        )
        assert len(answer["containerInstances"]) == len(arns)
        seen += len(arns)
        for instance in answer["containerInstances"]:
            names = {resource["name"] for resource in instance["remainingResources"]}
            assert {"CPU", "MEMORY"} <= names, instance
    assert seen > 0, "the account has no container instance"


@check
def task_definitions_and_families():
    families = every(ecs, "list_task_definition_families", "families")
    assert families
    for family in families:
        newest_first = every(ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=family, sort="DESC")
        revisions = [int(arn.split(":")[-1]) for arn in newest_first]
        assert revisions == sorted(revisions, reverse=True), revisions
        answer = ecs.describe_task_definition(taskDefinition=newest_first[0], include=["TAGS"])
        assert answer["taskDefinition"]["taskDefinitionArn"] == newest_first[0]
        assert ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]["family"] == family
    refused("ClientException", ecs.describe_task_definition, taskDefinition="no-such-family")


@check
def capacity_providers():
    def all_of(**asked):
        found, token = [], {}
        while token is not None:
            answer = ecs.describe_capacity_providers(**asked, **token)
            assert not answer["failures"] and len(answer["capacityProviders"]) <= asked.get("maxResults", 10), answer
            found += answer["capacityProviders"]
            token = {"nextToken": answer["nextToken"]} if "nextToken" in answer else None
        return {provider["name"]: provider for provider in found}, len(found)

    everywhere, count = all_of(include=["TAGS"])
    assert {"FARGATE", "FARGATE_SPOT"} <= set(everywhere) and count == len(everywhere), everywhere
    assert all_of(include=["TAGS"], maxResults=2) == (everywhere, count)
    refused("InvalidParameterException", ecs.describe_capacity_providers, maxResults=11)
    types = {provider["type"] for provider in everywhere.values()}
    assert types == {"FARGATE", "FARGATE_SPOT", "EC2_AUTOSCALING"}, types
    managed = 0
    for cluster in clusters():
        described = ecs.describe_clusters(clusters=[cluster])["clusters"][0]
        of_cluster, _ = all_of(cluster=cluster, include=["TAGS"], maxResults=1)
        assert set(of_cluster) == set(described["capacityProviders"]), of_cluster
        for name, provider in of_cluster.items():
            asked = ecs.describe_capacity_providers(
                cluster=cluster, capacityProviders=[provider["capacityProviderArn"]], include=["TAGS"]
            )
            assert asked["capacityProviders"] == [provider], asked
            if provider["type"] == "MANAGED_INSTANCES":
                managed += 1
                assert provider["cluster"] == described["clusterArn"] and name not in everywhere, provider
                assert provider["managedInstancesProvider"]["infrastructureRoleArn"], provider
            else:
                assert provider == everywhere[name] and "cluster" not in provider, provider
    assert managed
    gone = ecs.describe_capacity_providers(capacityProviders=["no-such-provider"])
    assert not gone["capacityProviders"] and gone["failures"][0]["reason"] == "MISSING", gone


@check
def service_deployments_and_revisions():
    seen = 0
    for cluster in clusters():
        for service in services(cluster):
            briefs = ecs.list_service_deployments(cluster=cluster, service=service["serviceArn"])["serviceDeployments"]
            arns = [brief["serviceDeploymentArn"] for brief in briefs]
            for hand in in_hands_of(20, arns):
                answer = ecs.describe_service_deployments(serviceDeploymentArns=hand)
                assert not answer["failures"] and len(answer["serviceDeployments"]) == len(hand), answer
                for deployment in answer["serviceDeployments"]:
                    target = deployment["targetServiceRevision"]["arn"]
                    revisions = ecs.describe_service_revisions(serviceRevisionArns=[target])
                    assert revisions["serviceRevisions"][0]["serviceRevisionArn"] == target
                    seen += 1
    assert seen > 0, "no service has a deployment"


@check
def a_deployment_waits_to_be_let_go_on():
    current = [service.get("currentServiceDeployment") for cluster in clusters() for service in services(cluster)]
    for hand in in_hands_of(20, [arn for arn in current if arn]):
        for deployment in ecs.describe_service_deployments(serviceDeploymentArns=hand)["serviceDeployments"]:
            for hook in deployment.get("lifecycleHookDetails", []):
                if hook["status"] == "AWAITING_ACTION":
                    assert hook["targetType"] == "PAUSE" and hook["expiresAt"] and hook["timeoutAction"], hook
                    arn = deployment["serviceDeploymentArn"]
                    go_on = dict(serviceDeploymentArn=arn, hookId=hook["hookId"], action="CONTINUE")
                    assert ecs.continue_service_deployment(**go_on)["serviceDeploymentArn"] == arn
                    return
    raise AssertionError("no deployment waits on a pause hook")


@check
def what_is_seldom_asked():
    cluster = clusters()[0]
    every(ecs, "list_account_settings", "settings", effectiveSettings=True)
    every(ecs, "list_attributes", "attributes", cluster=cluster, targetType="container-instance")
    ecs.describe_task_sets(cluster=cluster, service=services(cluster)[0]["serviceArn"])


@check
def a_service_of_an_external_controller_has_task_sets():
    found = [
        (cluster, service)
        for cluster in clusters()
        for service in services(cluster)
        if service["deploymentController"]["type"] == "EXTERNAL"
    ]
    [(cluster, service)] = found
    assert service["deployments"] == [] and "taskDefinition" not in service, service
    name = {"cluster": cluster, "service": service["serviceName"]}
    assert ecs.list_service_deployments(**name)["serviceDeployments"] == []
    sets = ecs.describe_task_sets(**name)["taskSets"]
    assert sets == service["taskSets"] and [one["status"] for one in sets].count("PRIMARY") == 1, sets
    assert sum(one["runningCount"] for one in sets) == service["runningCount"]
    started = {task["startedBy"] for task in tasks(cluster, serviceName=service["serviceName"])}
    assert started <= {one["id"] for one in sets}, started
    answer = ecs.describe_task_sets(**name, taskSets=[sets[0]["taskSetArn"], "ecs-svc/0"])
    assert (answer["taskSets"], answer["failures"][0]["reason"]) == (sets[:1], "MISSING"), answer
    message = refused("InvalidParameterException", ecs.update_service, **name, forceNewDeployment=True)
    assert "EXTERNAL" in message
    refused("NamespaceNotFoundException", ecs.list_services_by_namespace, namespace="none")


@check
def tags_and_protection():
    for cluster in clusters():
        for service in services(cluster)[:3]:
            answer = ecs.list_tags_for_resource(resourceArn=service["serviceArn"])
            assert answer["tags"] == service.get("tags", []), (answer, service)
        arns = [task["taskArn"] for task in tasks(cluster) if task["group"].startswith("service:")][:10]
        if arns:
            ecs.get_task_protection(cluster=cluster, tasks=arns)


def balanced():
    """The services behind a load balancer, with their clusters and target groups."""
    for cluster in clusters():
        for service in services(cluster):
            for balancer in service["loadBalancers"]:
                more = balancer.get("advancedConfiguration", {}).get("alternateTargetGroupArn")
                yield cluster, service, [balancer["targetGroupArn"], *([more] if more else [])]


@check
def target_groups_are_those_of_the_services():
    expected = sorted(arn for _, _, arns in balanced() for arn in arns)
    for size in (1, 7, 400):
        paging = {"PageSize": size}
        found = every(elb, "describe_target_groups", "TargetGroups", PaginationConfig=paging)
        assert [group["TargetGroupArn"] for group in found] == expected, size
    for group in found:
        name, arn = group["TargetGroupName"], group["TargetGroupArn"]
        assert elb.describe_target_groups(Names=[name])["TargetGroups"] == [group]
        assert elb.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"] == [group]
        behind = elb.describe_target_groups(LoadBalancerArn=group["LoadBalancerArns"][0])["TargetGroups"]
        assert group in behind, group


@check
def scalable_targets_are_services_with_limits():
    known = {f"service/{c.split('/')[-1]}/{s['serviceName']}" for c in clusters() for s in services(c)}
    found = every(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    for target in found:
        assert target["ResourceId"] in known, target
        assert target["ScalableDimension"] == "ecs:service:DesiredCount", target
        assert 0 <= target["MinCapacity"] <= target["MaxCapacity"], target
        one = scaling.describe_scalable_targets(
            ServiceNamespace="ecs", ResourceIds=[target["ResourceId"]], ScalableDimension=target["ScalableDimension"]
        )
        assert one["ScalableTargets"] == [target], one
    paged = every(scaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs", PaginationConfig={"PageSize": 1})
    assert paged == found, paged
    assert scaling.describe_scalable_targets(ServiceNamespace="rds")["ScalableTargets"] == []
    refused("ValidationException", scaling.describe_scalable_targets, ServiceNamespace="ecs", MaxResults=51)


@check
def targets_are_the_tasks_of_the_services():
    seen = set()
    for cluster, service, arns in balanced():
        tasks_of = {
            interface["privateIpv4Address"]: task
            for status in ("RUNNING", "STOPPED")
            for task in tasks(cluster, status, serviceName=service["serviceName"])
            for interface in task["containers"][0]["networkInterfaces"]
        }
        targets = [
            target
            for arn in arns
            for target in elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        ]
        for target in targets:
            own, health = target["Target"], target["TargetHealth"]
            task = tasks_of[own["Id"]]
            assert own["AvailabilityZone"] == task["availabilityZone"], (own, task)
            assert (health["State"] == "healthy") == ("Reason" not in health) == ("Description" not in health), health
            assert (health["State"] == "draining") == (task["desiredStatus"] == "STOPPED"), (health, task)
            seen.add(health["State"])
        running = [ip for ip, task in tasks_of.items() if task["lastStatus"] == "RUNNING"]
        assert set(running) <= {target["Target"]["Id"] for target in targets}, service["serviceName"]
        if service["serviceName"] == "web":
            elb.get_waiter("target_in_service").wait(TargetGroupArn=arns[0])
    assert {"healthy", "initial"} <= seen or {"healthy", "unhealthy"} <= seen, seen


@check
def a_target_group_that_is_not_there_is_an_error():
    arn = every(elb, "describe_target_groups", "TargetGroups")[0]["TargetGroupArn"]
    gone = arn.rsplit("/", 1)[0] + "/0000000000000000"
    message = refused("TargetGroupNotFound", elb.describe_target_health, TargetGroupArn=gone)
    assert message == f"Target groups '{gone}' not found", message
    refused("TargetGroupNotFound", elb.describe_target_groups, TargetGroupArns=[gone])
    refused("TargetGroupNotFound", elb.describe_target_groups, Names=["gone"])
    refused("LoadBalancerNotFound", elb.describe_target_groups, LoadBalancerArn=gone)
    refused("ValidationError", elb.describe_target_health, TargetGroupArn="gone")
    asked = elb.describe_target_health(TargetGroupArn=arn, Targets=[{"Id": "10.0.0.1", "Port": 1}])
    assert asked["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered", asked
    for spec, code in [("throttle", "Throttling"), ("deny", "AccessDenied"), ("expired", "ExpiredToken")]:
        with fault(spec):
            refused(code, elb.describe_target_health, TargetGroupArn=arn)


def groups():
    """Those that may be read; of one that is not, its streams can't be listed either."""
    every_group = [group["logGroupName"] for group in every(logs, "describe_log_groups", "logGroups")]
    return [name for name in every_group if name != "/ecs/payments"]


@check
def log_streams_are_listed_both_ways():
    for group in groups():
        by_sevens = {"PageSize": 7}
        by_name = every(logs, "describe_log_streams", "logStreams", logGroupName=group, PaginationConfig=by_sevens)
        names = [stream["logStreamName"] for stream in by_name]
        assert names == sorted(names) and names, (group, names)
        by_time = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"]
        times = [stream.get("lastEventTimestamp", 0) for stream in by_time]
        assert times == sorted(times, reverse=True), times
    message = refused(
        "InvalidParameterException",
        logs.describe_log_streams,
        logGroupName=groups()[0],
        orderBy="LastEventTime",
        logStreamNamePrefix="x",
    )
    assert "LastEventTime" in message, message


@check
def a_stream_read_forward_and_backward_is_the_same():
    group = groups()[0]
    stream = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True)["logStreams"][0]
    # Up to an instant that has been ingested: the stream grows while it is read.
    window = dict(logGroupName=group, logStreamName=stream["logStreamName"], endTime=stream["lastEventTimestamp"] + 1)

    def walk(token, **parameters):
        pages, parameters = [], dict(window, limit=50, **parameters)
        while True:
            page = logs.get_log_events(**parameters)
            if page[token] == parameters.get("nextToken"):
                return pages
            pages.append(page["events"])
            parameters["nextToken"] = page[token]

    forward = [event for page in walk("nextForwardToken", startFromHead=True) for event in page]
    backward = [event for page in reversed(walk("nextBackwardToken")) for event in page]
    assert forward == backward and forward, (len(forward), len(backward))


@check
def a_search_finds_what_it_says():
    for group in groups()[:5]:
        found = every(logs, "filter_log_events", "events", logGroupName=group, filterPattern="?ERROR ?error")
        assert all("ERROR" in event["message"] or "error" in event["message"] for event in found)
        ids = [event["eventId"] for event in found]
        assert len(ids) == len(set(ids))
    search = dict(logGroupName=groups()[0], filterPattern="a:b")
    message = refused("InvalidParameterException", logs.filter_log_events, **search)
    assert "Invalid character(s) in term" in message, message
    refused("ResourceNotFoundException", logs.get_log_events, logGroupName="none", logStreamName="none")


@check
def a_live_tail_beats_even_when_nothing_comes():
    arn = group_arn("/ecs/web")
    start, *updates = live(4, logGroupIdentifiers=[arn], logEventFilterPattern="ERROR")
    assert start["sessionStart"]["logGroupIdentifiers"] == [arn], start
    assert start["sessionStart"]["sessionId"] and start["sessionStart"]["logEventFilterPattern"] == "ERROR"
    for update in updates:
        assert update["sessionUpdate"] == {"sessionMetadata": {"sampled": False}, "sessionResults": []}, update


@check
def a_live_tail_is_refused_where_it_can_not_be():
    arn = group_arn("/ecs/web")
    start = lambda code, *arns, **more: refused(code, logs.start_live_tail, logGroupIdentifiers=arns, **more)
    start("InvalidParameterException", arn + ":*")
    start("InvalidParameterException", *[arn] * 11)
    start("InvalidParameterException", arn, logStreamNames=["a"], logStreamNamePrefixes=["a"])
    start("InvalidParameterException", arn, group_arn("/ecs/checkout"), logStreamNames=["a"])
    start("ResourceNotFoundException", arn + "-not")
    start("InvalidOperationException", group_arn("/ecs/recommendations"))
    start("AccessDeniedException", group_arn("/ecs/payments"))
    with fault("deny:StartLiveTail"):
        message = start("AccessDeniedException", arn)
        assert "logs:StartLiveTail" in message, message
    for spec, what in [("tail-broken#1", "SessionStreamingException"), ("tail-timeout#1", "SessionTimeoutException")]:
        with fault(spec):
            try:
                raise AssertionError(live(3, logGroupIdentifiers=[arn]))
            except EventStreamError as error:
                assert what in str(error), error


@check
def some_groups_are_special():
    all_groups = {group["logGroupName"]: group for group in every(logs, "describe_log_groups", "logGroups")}
    assert all_groups["/ecs/recommendations"]["logGroupClass"] == "INFREQUENT_ACCESS"
    assert all_groups["/ecs/web"]["retentionInDays"] == 30 and "kmsKeyId" in all_groups["/ecs/api-gateway"]
    assert "/ecs/inventory-staging" not in all_groups and "/ecs/shipping" not in all_groups
    read = lambda code, name: refused(code, logs.filter_log_events, logGroupName=name)
    assert "INFREQUENT_ACCESS" in read("InvalidOperationException", "/ecs/recommendations")
    assert "logs:FilterLogEvents" in read("AccessDeniedException", "/ecs/payments")
    assert "kms:Decrypt" in read("AccessDeniedException", "/ecs/ranking")
    read("ResourceNotFoundException", "/ecs/inventory-staging")
    refused("AccessDeniedException", logs.describe_log_streams, logGroupName="/ecs/payments")
    elsewhere = client("logs", URL, "eu-central-1")
    assert elsewhere.filter_log_events(logGroupName="/ecs/shipping", limit=5)["events"]


@check
def a_query_finds_counts_and_sorts():
    found = rows(queried("fields @timestamp, level, @message | filter level = 'error' | sort @timestamp asc",
                         logGroupName="/ecs/pricing"))
    assert found and [row["@timestamp"] for row in found] == sorted(row["@timestamp"] for row in found)
    assert all(json.loads(row["@message"])["level"] == row["level"] == "error" for row in found)
    assert all(row["@ptr"] for row in found)
    counted = rows(queried("filter level = 'error' | stats count(*) as n by bin(5m)", logGroupNames=["/ecs/pricing"]))
    assert sum(int(row["n"]) for row in counted) == len(found), counted
    both = queried("fields @log | limit 3", logGroupIdentifiers=[group_arn("/ecs/pricing"), group_arn("/ecs/web")])
    assert len(both["results"]) == 3 and both["statistics"]["bytesScanned"] > 0
    # The one way to read such a group.
    assert rows(queried("fields @message | limit 1", logGroupName="/ecs/recommendations"))


@check
def a_query_is_refused_or_cancelled():
    start = lambda code, **parameters: refused(
        code, logs.start_query, **{"startTime": 0, "endTime": 1, "logGroupName": "/ecs/web", **parameters}
    )
    message = start("MalformedQueryException", queryString="fields @message | frob")
    assert "line 1 and position 19" in message, message
    start("InvalidParameterException", queryString="", startTime=2)
    start("InvalidParameterException", queryString="", limit=10_001)
    start("ResourceNotFoundException", queryString="", logGroupName="none")
    start("AccessDeniedException", queryString="", logGroupName="/ecs/payments")
    query = logs.start_query(logGroupName="/ecs/web", startTime=0, endTime=1, queryString="")["queryId"]
    assert logs.stop_query(queryId=query)["success"]
    assert logs.get_query_results(queryId=query)["status"] == "Cancelled"
    refused("InvalidParameterException", logs.stop_query, queryId=query)
    refused("ResourceNotFoundException", logs.get_query_results, queryId="0" * 36)


@check
def empty_pages_lead_on():
    search = dict(logGroupName="/ecs/pricing", PaginationConfig={"PageSize": 10})
    for newest_first in (False, True):
        order = {"startFromHead": False} if newest_first else {}
        pages = lambda: list(logs.get_paginator("filter_log_events").paginate(**search, **order))
        ids = lambda pages: [event["eventId"] for page in pages for event in page["events"]]
        whole = ids(pages())
        with fault("empty-page#3"):
            some = pages()
        assert [bool(page["events"]) for page in some[:4]] == [False, False, False, True], some[:4]
        assert ids(some) == whole and len(whole) > 40


run()
