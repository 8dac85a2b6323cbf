"""What the suites of checks share: clients, helpers, and the run.

Every answer to every call is held against botocore's own service model (see botocore_model.py); on top of that, each
check looks at behaviour.
"""

import json
import sys
import time
import traceback
import urllib.request

from botocore.exceptions import ClientError

from botocore_model import client, conform, deviations

URL = sys.argv[1]

checks = []


def check(function):
    checks.append(function)
    return function


SERVICES = ("application-autoscaling", "ecs", "elbv2", "kms", "logs", "ssm", "sts")
scaling, ecs, elb, kms, logs, ssm, sts = (client(service, URL) for service in SERVICES)


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
    arns = every(ecs, "list_tasks", "taskArns", cluster=cluster, desiredStatus=status, **filters)
    for hand in in_hands_of(100, arns):
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


def group_arn(name):
    found = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return next(group["logGroupArn"] for group in found if group["logGroupName"] == name)


def live(count, **parameters):
    """The first so many events of a Live Tail session."""
    stream = logs.start_live_tail(**parameters)["responseStream"]
    shape = logs.meta.service_model.operation_model("StartLiveTail").get_event_stream_output()
    events = []
    for event in stream:
        for name, value in event.items():
            conform(shape.members[name], value, f"StartLiveTail.{name}")
        events.append(event)
        if len(events) == count:
            break
    stream.close()
    return events


def queried(text, **groups):
    """What a query over all times comes to, once it is complete."""
    query = logs.start_query(startTime=0, endTime=2**32, queryString=text, **groups)["queryId"]
    scanned = -1
    while True:
        answer = logs.get_query_results(queryId=query)
        assert answer["statistics"]["recordsScanned"] >= scanned, answer
        scanned = answer["statistics"]["recordsScanned"]
        if answer["status"] not in ("Scheduled", "Running"):
            return answer


def rows(answer):
    return [{cell["field"]: cell["value"] for cell in row} for row in answer["results"]]


SWIFT = {"Delay": 0.1, "MaxAttempts": 600}


def run():
    """Runs all checks; exits with 1 if one fails."""
    failed = 0
    for check in checks:
        deviations.clear()
        try:
            check()
        except Exception as error:
            failed += 1
            # Where in a suite; not the dozen frames of boto3 in between.
            frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "judges" in frame.filename]
            print(f"FAILED {check.__name__}: {type(error).__name__}: {error}", *traceback.format_list(frames), sep="\n")
        if deviations:
            failed += 1
            print(f"NOT AS THE MODEL in {check.__name__}")
            for deviation in sorted(set(deviations)):
                print(f"  {deviation}")
        print(f"done {check.__name__}")
    if failed:
        sys.exit(f"{failed} of {len(checks)} checks failed")
    print(f"all checks passed: {len(checks)}")
