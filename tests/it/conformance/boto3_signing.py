"""Signs one request in each of many environments, as boto3 does it. What it was signed with, the server notes.

Reads cases as JSON from standard input: a list of {"name", "env", "profile"}; prints {name: why it failed, or null}.
"""

import json
import os
import sys

import boto3
from botocore.config import Config


def sign(case):
    os.environ.clear()
    os.environ.update(case["env"])
    try:
        session = boto3.Session(profile_name=case["profile"])
        # The AWS CLI and every other SDK know AWS_REGION; boto3 has only AWS_DEFAULT_REGION.
        region = os.environ.get("AWS_REGION")
        client = session.client("ecs", region_name=region, config=Config(retries={"total_max_attempts": 1}))
        client.list_clusters()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


print(json.dumps({case["name"]: sign(case) for case in json.load(sys.stdin)}))
