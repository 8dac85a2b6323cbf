"""Changes things at the demo endpoint with boto3 and says where it does not come out as at AWS.

Usage: boto3_changing.py ENDPOINT_URL

Time in the account has to fly, so that waiters see tasks start and services roll.
"""

from botocore.exceptions import WaiterError

from judge import *


def never(waiter, **parameters):
    """Waits for what AWS says will never come."""
    try:
        waiter.wait(**parameters, WaiterConfig=SWIFT)
    except WaiterError as error:
        assert "terminal failure" in str(error), error
        return
    raise AssertionError(f"{waiter.name} has come")


def steady_service():
    """A healthy replica service, its cluster first."""
    for cluster in clusters():
        for service in services(cluster):
            alone = len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"] > 0
            if alone and service.get("launchType") == "FARGATE":
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
    # A task that has stopped never runs, and a service that is not there is never stable: the waiters fail at once.
    never(ecs.get_waiter("tasks_running"), cluster=cluster, tasks=[arn])
    never(ecs.get_waiter("services_stable"), cluster=cluster, services=["no-such-service"])


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
    name = {"cluster": cluster, "service": service["serviceName"]}
    ecs.update_service(**name, forceNewDeployment=True)
    listed = lambda: ecs.list_service_deployments(**name, status=["PENDING", "IN_PROGRESS"])
    arn = soon("a deployment is under way", lambda: listed()["serviceDeployments"])[0]["serviceDeploymentArn"]
    ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")
    status = lambda: ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]["status"]
    soon("it is rolled back", lambda: status() == "ROLLBACK_SUCCESSFUL")


@check
def a_task_is_protected_and_released():
    cluster, service = steady_service()
    arn = tasks(cluster, serviceName=service["serviceName"])[0]["taskArn"]
    protect = lambda enabled: ecs.update_task_protection(cluster=cluster, tasks=[arn], protectionEnabled=enabled)
    assert protect(True)["protectedTasks"][0]["expirationDate"]
    enabled = lambda: ecs.get_task_protection(cluster=cluster, tasks=[arn])["protectedTasks"][0]["protectionEnabled"]
    soon("it is protected", enabled)
    protect(False)
    soon("it is released", lambda: not enabled())


@check
def an_instance_drains_and_comes_back():
    for cluster in clusters():
        listed = lambda status: every(
            ecs, "list_container_instances", "containerInstanceArns", cluster=cluster, status=status
        )
        arns = listed("ACTIVE")
        if arns:
            change = lambda status: ecs.update_container_instances_state(
                cluster=cluster, containerInstances=arns[:1], status=status
            )
            assert change("DRAINING")["containerInstances"][0]["status"] == "DRAINING"
            soon("it is listed as draining", lambda: arns[0] in listed("DRAINING"))
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
def a_revision_is_deregistered():
    cluster, service = steady_service()
    old = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    kept = ("family", "containerDefinitions", "requiresCompatibilities", "networkMode", "cpu", "memory")
    new = ecs.register_task_definition(**{key: old[key] for key in kept if key in old})["taskDefinition"]
    name = f"{new['family']}:{new['revision']}"
    listed = lambda status: every(
        ecs, "list_task_definitions", "taskDefinitionArns", familyPrefix=new["family"], status=status
    )
    assert new["taskDefinitionArn"] in listed("ACTIVE") and not listed("INACTIVE")
    gone = ecs.deregister_task_definition(taskDefinition=name)["taskDefinition"]
    assert gone["status"] == "INACTIVE" and gone["deregisteredAt"] >= gone["registeredAt"], gone
    assert listed("INACTIVE") == [new["taskDefinitionArn"]] and new["taskDefinitionArn"] not in listed("ACTIVE")
    # It can be described by its number; the family alone means the newest active one.
    assert ecs.describe_task_definition(taskDefinition=name)["taskDefinition"]["status"] == "INACTIVE"
    family = ecs.describe_task_definition(taskDefinition=new["family"])["taskDefinition"]
    assert family["revision"] < new["revision"], family
    assert new["family"] in every(ecs, "list_task_definition_families", "families", status="ACTIVE")
    network = service["networkConfiguration"]
    start = {"cluster": cluster, "taskDefinition": name, "launchType": "FARGATE", "networkConfiguration": network}
    assert "inactive" in refused("ClientException", ecs.run_task, **start)
    to = {"cluster": cluster, "service": service["serviceName"], "taskDefinition": name}
    assert "inactive" in refused("ClientException", ecs.update_service, **to)
    refused("ClientException", ecs.deregister_task_definition, taskDefinition=new["family"])


@check
def tags_are_set_replaced_and_removed():
    cluster, service = steady_service()
    task = tasks(cluster, serviceName=service["serviceName"])[0]
    of_cluster = {"clusters": [cluster], "include": ["TAGS"]}
    of_task = {"cluster": cluster, "tasks": [task["taskArn"]], "include": ["TAGS"]}
    of_service = {"cluster": cluster, "services": [service["serviceArn"]], "include": ["TAGS"]}
    of_definition = {"taskDefinition": service["taskDefinition"], "include": ["TAGS"]}
    for arn, described in (
        (cluster, lambda: ecs.describe_clusters(**of_cluster)["clusters"][0]),
        (service["serviceArn"], lambda: ecs.describe_services(**of_service)["services"][0]),
        (task["taskArn"], lambda: ecs.describe_tasks(**of_task)["tasks"][0]),
        (service["taskDefinition"], lambda: ecs.describe_task_definition(**of_definition)),
    ):
        listed = lambda: {tag["key"]: tag["value"] for tag in ecs.list_tags_for_resource(resourceArn=arn)["tags"]}
        before = listed()
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "judge", "value": "one"}, {"key": "empty", "value": ""}])
        ecs.tag_resource(resourceArn=arn, tags=[{"key": "judge", "value": "two"}])
        assert listed() == before | {"judge": "two", "empty": ""}, listed()
        soon("described", lambda: {"key": "judge", "value": "two"} in described()["tags"])
        ecs.untag_resource(resourceArn=arn, tagKeys=["judge", "empty", "never"])
        assert listed() == before, listed()


@check
def tags_beyond_the_limits_are_refused():
    arn = steady_service()[1]["serviceArn"]
    wrong = lambda key, value="": refused(
        "InvalidParameterException", ecs.tag_resource, resourceArn=arn, tags=[{"key": key, "value": value}]
    )
    for key in ("aws:x", "AWS:x", "a;b"):
        wrong(key)
    wrong("x" * 129)
    wrong("x", "y" * 257)
    wrong("x", "a;b")
    many = [{"key": f"judge{number}", "value": "x"} for number in range(51)]
    refused("InvalidParameterException", ecs.tag_resource, resourceArn=arn, tags=many)
    refused("InvalidParameterException", ecs.tag_resource, resourceArn=arn + "0", tags=many[:1])
    refused("InvalidParameterException", ecs.tag_resource, resourceArn="what", tags=many[:1])


@check
def the_reason_of_a_denial_is_encoded_and_decoded():
    cluster, service = steady_service()
    with fault("deny-encoded:UpdateService"):
        message = refused(
            "AccessDeniedException",
            ecs.update_service,
            cluster=cluster,
            service=service["serviceName"],
            forceNewDeployment=True,
        )
    encoded = message.rpartition("Encoded authorization failure message: ")[2]
    decoded = json.loads(sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"])
    assert (decoded["allowed"], decoded["context"]["action"]) == (False, "ecs:UpdateService"), decoded
    refused("InvalidAuthorizationMessageException", sts.decode_authorization_message, EncodedMessage="abc")


@check
def a_live_tail_tells_what_is_written():
    group = next(iter(every(logs, "describe_log_groups", "logGroups")))
    arn, name = group["logGroupArn"], group["logGroupName"]
    told = []
    for event in live(5, logGroupIdentifiers=[arn], logStreamNamePrefixes=["ecs/"])[1:]:
        told += event["sessionUpdate"]["sessionResults"]
    assert told, "twelve minutes of a service are not silent"
    # What it told is there to be read, once each.
    read = {
        (event["logStreamName"], event["timestamp"], event["message"])
        for event in every(logs, "filter_log_events", "events", logGroupName=name)
    }
    for event in told:
        assert event["logGroupIdentifier"].endswith(name), event
        assert (event["logStreamName"], event["timestamp"], event["message"]) in read, event
    assert len({(event["logStreamName"], event["timestamp"], event["message"]) for event in told}) == len(told)


run()
