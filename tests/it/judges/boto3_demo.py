"""Reads the demo endpoint with boto3 and says where it is not as AWS is.

Usage: boto3_demo.py ENDPOINT_URL

Every answer to every call is held against botocore's own service model (see botocore_model.py); on top of that, each
check below looks at behaviour. Exits with 1 if any check fails.
"""

import json
import sys
import time
import traceback
import urllib.error
import urllib.request

from botocore.exceptions import ClientError

from botocore_model import client, deviations

URL = sys.argv[1]

checks = []


def check(function):
    checks.append(function)
    return function


ecs, logs, ssm, sts = (client(service, URL) for service in ("ecs", "logs", "ssm", "sts"))


# --- helpers --------------------------------------------------------------------------------------------------------


def every(client, operation, result, **parameters):
    """All items of a list operation, through boto3's paginator."""
    pages = client.get_paginator(operation).paginate(**parameters)
    return [item for page in pages for item in page[result]]


def in_hands_of(size, items):
    return [items[i : i + size] for i in range(0, len(items), size)]


def refused(code, call, **parameters):
    """The message of the error a call has to fail with."""
    try:
        answer = call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise AssertionError(f"expected {code}, got {answer}")


def control(method, path, body=""):
    request = urllib.request.Request(f"{URL}/_demo{path}", data=body.encode(), method=method)
    return json.load(urllib.request.urlopen(request))


class fault:
    """A fault for the time of a with block."""

    def __init__(self, spec):
        self.spec = spec

    def __enter__(self):
        control("POST", "/faults", self.spec)

    def __exit__(self, *_):
        control("DELETE", "/faults", self.spec)


def clusters():
    return every(ecs, "list_clusters", "clusterArns")


def services(cluster):
    arns = every(ecs, "list_services", "serviceArns", cluster=cluster, PaginationConfig={"PageSize": 100})
    described = []
    for hand in in_hands_of(10, arns):
        answer = ecs.describe_services(cluster=cluster, services=hand, include=["TAGS"])
        assert not answer["failures"], answer["failures"]
        described += answer["services"]
    assert [service["serviceArn"] for service in described] == arns
    return described


def tasks(cluster, status="RUNNING", **filters):
    described = []
    for hand in in_hands_of(100, every(ecs, "list_tasks", "taskArns", cluster=cluster, desiredStatus=status, **filters)):
        described += ecs.describe_tasks(cluster=cluster, tasks=hand, include=["TAGS"])["tasks"]
    return described


def soon(what, attempt, seconds=60):
    """Asks until the answer is truthy: the account is eventually consistent, and alive."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := attempt():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


SWIFT = {"Delay": 0.1, "MaxAttempts": 600}


# --- identity and errors --------------------------------------------------------------------------------------------


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
    refused("UnknownOperationException", ssm.describe_sessions, State="Active")


@check
def the_model_would_notice():
    with fault("unknown:logGroupClass"):
        logs.describe_log_groups()
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


# --- reading --------------------------------------------------------------------------------------------------------


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
            # The account lives on between the two calls: what both saw has to agree.
            listed = tasks(cluster, serviceName=group.removeprefix("service:"))
            assert {task["group"] for task in listed} <= {group}, (group, listed)
        for task in tasks(cluster, "STOPPED"):
            assert task["desiredStatus"] == "STOPPED", task
            if task["lastStatus"] == "STOPPED":
                assert task["stoppedAt"] and task["stopCode"] and task["stoppedReason"], task


@check
def tasks_are_filtered():
    for cluster in clusters():
        for task in tasks(cluster)[:5]:
            family = task["taskDefinitionArn"].split("/")[-1].split(":")[0]
            families = {found["taskDefinitionArn"].split("/")[-1].split(":")[0] for found in tasks(cluster, family=family)}
            assert families <= {family}, families
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
    names = {provider["name"] for provider in ecs.describe_capacity_providers()["capacityProviders"]}
    assert {"FARGATE", "FARGATE_SPOT"} <= names, names


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
def tags_and_protection():
    for cluster in clusters():
        for service in services(cluster)[:3]:
            answer = ecs.list_tags_for_resource(resourceArn=service["serviceArn"])
            assert answer["tags"] == service.get("tags", []), (answer, service)
        arns = [task["taskArn"] for task in tasks(cluster) if task["group"].startswith("service:")][:10]
        if arns:
            ecs.get_task_protection(cluster=cluster, tasks=arns)


# --- changing -------------------------------------------------------------------------------------------------------


def steady_service():
    """A healthy replica service, its cluster first."""
    for cluster in clusters():
        for service in services(cluster):
            alone = len(service["deployments"]) == 1
            if alone and service["runningCount"] == service["desiredCount"] > 0 and "Fargate".upper() in str(service):
                return cluster, service
    raise AssertionError("no service is steady")


@check
def a_task_runs_is_waited_for_and_stops():
    cluster, service = steady_service()
    network = service["networkConfiguration"]
    answer = ecs.run_task(
        cluster=cluster,
        taskDefinition=service["taskDefinition"],
        launchType="FARGATE",
        networkConfiguration=network,
        startedBy="judge",
    )
    assert not answer["failures"], answer
    arn = answer["tasks"][0]["taskArn"]
    ecs.get_waiter("tasks_running").wait(cluster=cluster, tasks=[arn], WaiterConfig=SWIFT)
    assert every(ecs, "list_tasks", "taskArns", cluster=cluster, startedBy="judge") == [arn]
    ecs.stop_task(cluster=cluster, task=arn, reason="judged")
    ecs.get_waiter("tasks_stopped").wait(cluster=cluster, tasks=[arn], WaiterConfig=SWIFT)
    task = ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"][0]
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "judged"), task


@check
def a_service_scales_rolls_and_becomes_stable():
    cluster, service = steady_service()
    name = {"cluster": cluster, "service": service["serviceName"]}
    wanted = service["desiredCount"] + 1
    ecs.update_service(**name, desiredCount=wanted)
    stable = ecs.get_waiter("services_stable")
    describe = lambda: ecs.describe_services(cluster=cluster, services=[service["serviceName"]])["services"][0]
    soon("the new count is read back", lambda: describe()["desiredCount"] == wanted)
    stable.wait(cluster=cluster, services=[service["serviceName"]], WaiterConfig=SWIFT)
    assert describe()["runningCount"] == wanted

    before = describe()["deployments"][0]["id"]
    ecs.update_service(**name, forceNewDeployment=True)
    soon("a second deployment stands beside the first", lambda: len(describe()["deployments"]) == 2)
    stable.wait(cluster=cluster, services=[service["serviceName"]], WaiterConfig=SWIFT)
    after = describe()["deployments"]
    assert len(after) == 1 and after[0]["id"] != before and after[0]["rolloutState"] == "COMPLETED", after
    assert any("steady state" in event["message"] for event in describe()["events"])


@check
def a_rollout_is_rolled_back():
    cluster, service = steady_service()
    ecs.update_service(cluster=cluster, service=service["serviceName"], forceNewDeployment=True)
    listed = lambda: ecs.list_service_deployments(cluster=cluster, service=service["serviceName"], status=["PENDING", "IN_PROGRESS"])
    arn = soon("a deployment is under way", lambda: listed()["serviceDeployments"])[0]["serviceDeploymentArn"]
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    status = lambda: ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]["status"]
    soon("it is rolled back", lambda: status() == "ROLLBACK_SUCCESSFUL")


@check
def an_instance_drains_and_comes_back():
    for cluster in clusters():
        arns = every(ecs, "list_container_instances", "containerInstanceArns", cluster=cluster, status="ACTIVE")
        if arns:
            change = lambda status: ecs.update_container_instances_state(
                cluster=cluster, containerInstances=arns[:1], status=status
            )
            assert change("DRAINING")["containerInstances"][0]["status"] == "DRAINING"
            drained = lambda: every(ecs, "list_container_instances", "containerInstanceArns", cluster=cluster, status="DRAINING")
            soon("it is listed as draining", lambda: arns[0] in drained())
            change("ACTIVE")
            return
    raise AssertionError("no cluster has an active instance")


@check
def a_task_definition_is_registered_anew():
    family = every(ecs, "list_task_definition_families", "families")[0]
    old = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    kept = ("family", "containerDefinitions", "requiresCompatibilities", "networkMode", "cpu", "memory")
    new = ecs.register_task_definition(**{key: old[key] for key in kept if key in old})["taskDefinition"]
    assert new["revision"] == old["revision"] + 1, new


@check
def exec_opens_a_session_where_it_is_enabled():
    for cluster in clusters():
        for task in tasks(cluster):
            if task["enableExecuteCommand"] and task["lastStatus"] == "RUNNING":
                answer = ecs.execute_command(
                    cluster=cluster,
                    task=task["taskArn"],
                    container=task["containers"][0]["name"],
                    command="/bin/sh",
                    interactive=True,
                )
                assert answer["session"]["streamUrl"] and answer["session"]["tokenValue"], answer
                return
    raise AssertionError("no running task has exec enabled")


# --- logs -----------------------------------------------------------------------------------------------------------


def groups():
    return [group["logGroupName"] for group in every(logs, "describe_log_groups", "logGroups")]


@check
def log_streams_are_listed_both_ways():
    for group in groups():
        by_name = every(logs, "describe_log_streams", "logStreams", logGroupName=group, PaginationConfig={"PageSize": 7})
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
    message = refused("InvalidParameterException", logs.filter_log_events, logGroupName=groups()[0], filterPattern="a:b")
    assert "Invalid character(s) in term" in message, message
    refused("ResourceNotFoundException", logs.get_log_events, logGroupName="none", logStreamName="none")


def main():
    failed = 0
    for function in checks:
        deviations.clear()
        try:
            function()
        except Exception as error:
            failed += 1
            # Where in this file; not the dozen frames of boto3 in between.
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == __file__]
            print(f"FAILED {function.__name__}: {type(error).__name__}: {error}", *traceback.format_list(frames), sep="\n")
        if deviations:
            failed += 1
            print(f"NOT AS THE MODEL in {function.__name__}")
            for deviation in sorted(set(deviations)):
                print(f"  {deviation}")
        print(f"done {function.__name__}")
    if failed:
        sys.exit(f"{failed} of {len(checks)} checks failed")
    print(f"all checks passed: {len(checks)}")


main()
