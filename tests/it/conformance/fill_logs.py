"""Puts a task and its log on an emulated AWS, and goes on writing when asked to.

Usage: fill_logs.py (moto|ministack) URL

Prints the id of the task, then, for every line on standard input, writes that line to the log and prints it back.
"""

import json
import sys
import time
import urllib.request

import boto3
from botocore.config import Config

EMULATOR, URL = sys.argv[1:]
QUICK = Config(retries={"total_max_attempts": 1})
ecs, logs = (boto3.client(service, endpoint_url=URL, config=QUICK) for service in ("ecs", "logs"))
GROUP = "/ecs/web"


def say(text):
    print(text, flush=True)


def hold_tasks():
    """Without this, moto moves a task one state further every time it is looked at."""
    transition = {"model_name": "ecs::task", "transition": {"progression": "time", "seconds": 600}}
    request = urllib.request.Request(
        f"{URL}/moto-api/state-manager/set-transition",
        data=json.dumps(transition).encode(),
        headers={"content-type": "application/json"},
    )
    urllib.request.urlopen(request).close()


def register_instance(cluster):
    """Without one, moto has nowhere to run a task."""
    ec2 = boto3.client("ec2", endpoint_url=URL, config=QUICK)
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    document = {
        "instanceId": instance,
        "region": ecs.meta.region_name,
        "accountId": "123456789012",
        "imageId": image,
    }
    ecs.register_container_instance(cluster=cluster, instanceIdentityDocument=json.dumps(document))


ecs.create_cluster(clusterName="prod")
if EMULATOR == "moto":
    hold_tasks()
    register_instance("prod")
ecs.register_task_definition(
    family="web",
    containerDefinitions=[
        {
            "name": "app",
            "image": "registry.test/web:1",
            "memory": 128,
            "essential": True,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": GROUP,
                    "awslogs-region": ecs.meta.region_name,
                    "awslogs-stream-prefix": "ecs",
                },
            },
        }
    ],
)
task = ecs.run_task(cluster="prod", taskDefinition="web")["tasks"][0]["taskArn"].rsplit("/", 1)[1]
stream = f"ecs/app/{task}"
logs.create_log_group(logGroupName=GROUP)
logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)


def write(lines, at):
    events = [{"timestamp": at + number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


write([f"line {number}" for number in range(1500)], int(time.time() * 1000) - 60_000)
say(task)
for line in sys.stdin:
    write([line.strip()], int(time.time() * 1000))
    say(line.strip())
