"""Fills an account on an emulated AWS and prints, as JSON, what boto3 then sees of it.

Usage: fill_account.py (moto|ministack) URL

The counts are those at which a client goes wrong: more than ten services and more than a hundred tasks don't fit into
one describe call.
"""

import json
import sys
import urllib.request

import boto3
from botocore.config import Config

EMULATOR, URL = sys.argv[1:]
QUICK = Config(retries={"total_max_attempts": 1})
SERVICES, TASKS, STOPPED, INSTANCES = 23, 104, 3, 12


def client(service):
    return boto3.client(service, endpoint_url=URL, config=QUICK)


ecs = client("ecs")


def hold_tasks():
    """Without this, moto moves a task one state further every time it is looked at."""
    transition = {"model_name": "ecs::task", "transition": {"progression": "time", "seconds": 600}}
    request = urllib.request.Request(
        f"{URL}/moto-api/state-manager/set-transition",
        data=json.dumps(transition).encode(),
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def register(family, revisions):
    for revision in range(revisions):
        ecs.register_task_definition(
            family=family,
            containerDefinitions=[
                {"name": "app", "image": f"registry.test/{family}:{revision}", "memory": 128, "essential": True},
                {"name": "proxy", "image": "registry.test/proxy:1", "memory": 64, "essential": False},
            ],
        )


def register_instances(cluster):
    ec2 = client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    started = ec2.run_instances(ImageId=image, MinCount=INSTANCES, MaxCount=INSTANCES)
    for instance in started["Instances"]:
        document = {
            "instanceId": instance["InstanceId"],
            "region": ecs.meta.region_name,
            "accountId": "123456789012",
            "imageId": image,
        }
        ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=json.dumps(document))


def fill():
    for cluster in ("prod", "staging", "empty"):
        ecs.create_cluster(clusterName=cluster)
    register("web", 3)
    register("worker", 1)
    if EMULATOR == "moto":
        hold_tasks()
        register_instances("prod")
    for number in range(SERVICES):
        ecs.create_service(cluster="prod", serviceName=f"web-{number:02}", taskDefinition="web", desiredCount=number % 4)
    ecs.create_service(cluster="staging", serviceName="worker", taskDefinition="worker", desiredCount=1)
    started = []
    for first in range(0, TASKS, 8):
        count = min(8, TASKS - first)
        answer = ecs.run_task(cluster="prod", taskDefinition="web:2", count=count, startedBy="fill_account")
        started += [task["taskArn"] for task in answer["tasks"]]
    for task in started[:STOPPED]:
        ecs.stop_task(cluster="prod", task=task, reason="no longer wanted")


def listed(operation, key, **query):
    return [item for page in ecs.get_paginator(operation).paginate(**query) for item in page[key]]


def described(operation, key, argument, ids, at_once, **query):
    batches = [ids[first : first + at_once] for first in range(0, len(ids), at_once)]
    return [item for batch in batches for item in operation(**{argument: batch}, **query)[key]]


def seen():
    clusters = listed("list_clusters", "clusterArns")
    account = {
        "clusters": described(ecs.describe_clusters, "clusters", "clusters", clusters, 100),
        "families": listed("list_task_definition_families", "families"),
        "revisions": [
            ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            for arn in listed("list_task_definitions", "taskDefinitionArns", familyPrefix="web")
        ],
    }
    for kind in ("services", "running", "stopped", "instances"):
        account[kind] = {}
    for cluster in ("prod", "staging", "empty"):
        services = listed("list_services", "serviceArns", cluster=cluster)
        account["services"][cluster] = described(
            ecs.describe_services, "services", "services", services, 10, cluster=cluster, include=["TAGS"]
        )
        for key, status in (("running", "RUNNING"), ("stopped", "STOPPED")):
            tasks = listed("list_tasks", "taskArns", cluster=cluster, desiredStatus=status)
            account[key][cluster] = described(
                ecs.describe_tasks, "tasks", "tasks", tasks, 100, cluster=cluster, include=["TAGS"]
            )
        if EMULATOR == "moto":
            arns = listed("list_container_instances", "containerInstanceArns", cluster=cluster)
            account["instances"][cluster] = described(
                ecs.describe_container_instances,
                "containerInstances",
                "containerInstances",
                arns,
                100,
                cluster=cluster,
                include=["TAGS"],
            )
    return account


fill()
json.dump(seen(), sys.stdout, default=str)
