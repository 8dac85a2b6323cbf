"""Starts, resumes and ends sessions at the demo endpoint with boto3 and says where it is not as AWS is.

Usage: boto3_sessions.py ENDPOINT_URL
"""

from judge import *

PORT = "AWS-StartPortForwardingSession"
REMOTE = "AWS-StartPortForwardingSessionToRemoteHost"


def agent(container):
    return next((agent for agent in container.get("managedAgents", []) if agent["name"] == "ExecuteCommandAgent"), None)


def containers():
    """Every container of a running task, with the task."""
    for cluster in clusters():
        for task in tasks(cluster):
            for container in task["containers"]:
                yield task, container


def is_ready(task, container):
    found = agent(container)
    on_instance = "containerInstanceArn" in task
    return task["lastStatus"] == "RUNNING" and found and found["lastStatus"] == "RUNNING" and not on_instance


def ready():
    return next((task, container) for task, container in containers() if is_ready(task, container))


def target(task, container):
    cluster, task_id = (task[name].rsplit("/", 1)[1] for name in ("clusterArn", "taskArn"))
    return f"ecs:{cluster}_{task_id}_{container['runtimeId']}"


def execute(task, chosen, **parameters):
    parameters = {"command": "sh", "interactive": True, "container": chosen["name"], **parameters}
    return ecs.execute_command(cluster=task["clusterArn"], task=task["taskArn"], **parameters)


def refused_execution(code, pair, **parameters):
    return refused(code, lambda: execute(*pair, **parameters))


@check
def a_command_starts_a_session():
    task, container = ready()
    answer = execute(task, container)
    assert answer["taskArn"] == task["taskArn"] and answer["containerArn"] == container["containerArn"], answer
    session = answer["session"]
    assert session["sessionId"].startswith("ecs-execute-command-"), session
    assert f"/v1/data-channel/{session['sessionId']}?role=publish_subscribe" in session["streamUrl"], session
    ssm.terminate_session(SessionId=session["sessionId"])


@check
def commands_are_refused_with_the_errors_of_ecs():
    refused("ClusterNotFoundException", ecs.execute_command, cluster="none", task="x", command="sh", interactive=True)
    for parameters in [{"command": ""}, {"interactive": False}, {"container": "nothing"}]:
        refused_execution("InvalidParameterException", ready(), **parameters)
    without = next(pair for pair in containers() if not pair[0]["enableExecuteCommand"])
    message = refused_execution("InvalidParameterException", without)
    assert "execute command was not enabled" in message, message
    stopped = next((pair for pair in containers() if (agent(pair[1]) or {}).get("lastStatus") == "STOPPED"), None)
    assert stopped, "no broken agent in the scenario"
    refused_execution("InvalidParameterException", stopped)


@check
def faults_show_where_the_agents_are():
    task, container = ready()
    for spec, status, code in [
        ("exec-pending", "PENDING", "InvalidParameterException"),
        ("exec-read-only", "STOPPED", "InvalidParameterException"),
        ("exec-unreachable", "RUNNING", "TargetNotConnectedException"),
    ]:
        with fault(spec):
            described = ecs.describe_tasks(cluster=task["clusterArn"], tasks=[task["taskArn"]])["tasks"][0]
            assert agent(described["containers"][0])["lastStatus"] == status, (spec, described)
            refused_execution(code, (task, container))
            refused("TargetNotConnected", ssm.start_session, Target=target(task, container))
            definition = ecs.describe_task_definition(taskDefinition=task["taskDefinitionArn"])["taskDefinition"]
            read_only = definition["containerDefinitions"][0].get("readonlyRootFilesystem", False)
            assert read_only == (spec == "exec-read-only"), spec


@check
def a_session_is_resumed_and_ended():
    session = execute(*ready())["session"]
    again = ssm.resume_session(SessionId=session["sessionId"])
    assert again["SessionId"] == session["sessionId"] and again["TokenValue"] != session["tokenValue"], again
    with fault("session-no-token"):
        assert ssm.resume_session(SessionId=session["sessionId"])["TokenValue"] == ""
    listed = ssm.describe_sessions(State="Active")["Sessions"]
    assert session["sessionId"] in [entry["SessionId"] for entry in listed], listed
    ssm.terminate_session(SessionId=session["sessionId"])
    refused("DoesNotExistException", ssm.resume_session, SessionId=session["sessionId"])
    assert session["sessionId"] not in [entry["SessionId"] for entry in ssm.describe_sessions(State="Active")["Sessions"]]


@check
def documents_start_port_sessions():
    to = target(*ready())
    for document, parameters in [
        (PORT, {"portNumber": ["8080"], "localPortNumber": ["0"]}),
        (REMOTE, {"host": ["orders.db.internal"], "portNumber": ["5432"]}),
        ("AWS-StartInteractiveCommand", {"command": ["ls"]}),
        ("AWS-StartSSHSession", {}),
    ]:
        session = ssm.start_session(Target=to, DocumentName=document, Parameters=parameters)
        ssm.terminate_session(SessionId=session["SessionId"])
    refused("TargetNotConnected", ssm.start_session, Target=to[:-1] + "x")
    refused("TargetNotConnected", ssm.start_session, Target="i-00000000000000000")
    refused("InvalidDocument", ssm.start_session, Target=to, DocumentName="AWS-StartNothing")
    with fault("deny:StartSession"):
        refused("AccessDeniedException", ssm.start_session, Target=to)


@check
def a_session_starts_on_an_instance():
    hosts = [
        host
        for cluster in clusters()
        for arns in [ecs.list_container_instances(cluster=cluster)["containerInstanceArns"]]
        if arns
        for host in ecs.describe_container_instances(cluster=cluster, containerInstances=arns)["containerInstances"]
    ]
    host = next(host for host in hosts if host["agentConnected"])
    session = ssm.start_session(Target=host["ec2InstanceId"])
    assert session["StreamUrl"].startswith("ws") and session["TokenValue"], session
    ssm.terminate_session(SessionId=session["SessionId"])


@check
def a_data_key_is_decrypted_in_its_context():
    with fault("session-encrypted"):
        described = ecs.describe_clusters(clusters=clusters()[:1], include=["CONFIGURATIONS"])["clusters"][0]
    key = described["configuration"]["executeCommandConfiguration"]["kmsKeyId"]
    context = {"aws:ssm:SessionId": "s-1", "aws:ssm:TargetId": "ecs:a_b_c"}
    data_key = kms.generate_data_key(KeyId=key, NumberOfBytes=64, EncryptionContext=context)
    assert data_key["KeyId"] == key and len(data_key["Plaintext"]) == 64, data_key
    plain = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
    assert plain["Plaintext"] == data_key["Plaintext"] and plain["KeyId"] == key, plain
    blob = data_key["CiphertextBlob"]
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob, EncryptionContext={"other": "context"})
    refused("NotFoundException", kms.generate_data_key, KeyId="arn:aws:kms:eu-west-1:1:key/x", NumberOfBytes=64)
    with fault("deny:GenerateDataKey"):
        refused("AccessDeniedException", kms.generate_data_key, KeyId=key, NumberOfBytes=64)


run()
