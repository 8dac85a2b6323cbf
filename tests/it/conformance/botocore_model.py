"""boto3 clients that hold every answer against botocore's own service model.

Each key has to be a member of the operation's output shape, each value of its type, each enum value one of those known,
each required member there. What departs from that is noted in `deviations`.
"""

import json
import re
from xml.etree import ElementTree

import boto3
from botocore.config import Config

deviations = []


def conform(shape, value, path):
    """Notes where a value departs from a botocore shape."""

    def deviates(what):
        deviations.append(f"{path}: {what}")

    def wants(*types):
        # To Python, True is an int; to the model it isn't.
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            deviates(f"{value!r} is no {shape.type_name}")
            return False
        return True

    kind = shape.type_name
    if value is None:
        deviates("null; AWS leaves such members out")
    elif kind == "structure":
        if wants(dict):
            for name in shape.required_members:
                if name not in value:
                    deviates(f"required {name} is missing")
            for name, member in value.items():
                if name in shape.members:
                    conform(shape.members[name], member, f"{path}.{name}")
                else:
                    deviates(f"{name} is no member of {shape.name}")
    elif kind == "list":
        if wants(list):
            for item in value:
                conform(shape.member, item, f"{path}[]")
    elif kind == "map":
        if wants(dict):
            for item in value.values():
                conform(shape.value, item, f"{path}{{}}")
    elif kind == "string":
        if wants(str) and shape.enum and value not in shape.enum:
            deviates(f"{value!r} is none of {shape.enum}")
    elif kind == "blob":
        # Base64, which the protocol has within JSON.
        wants(str)
    elif kind in ("integer", "long"):
        wants(int)
    elif kind in ("double", "float", "timestamp"):
        wants(int, float)
    elif kind == "boolean":
        wants(bool)
    else:
        deviates(f"unforeseen type {kind}")


def of_xml(shape, element, path):
    """The JSON value that an XML element of AWS Query stands for; what the model does not foresee stays text."""
    tags = [re.sub(r"^{.*}", "", child.tag) for child in element]
    if shape.type_name == "structure":
        if len(tags) != len(set(tags)):
            deviations.append(f"{path}: a member stands twice in {tags}")
        return {
            tag: of_xml(shape.members[tag], child, f"{path}.{tag}") if tag in shape.members else child.text
            for tag, child in zip(tags, element)
        }
    if shape.type_name == "list":
        if set(tags) - {"member"}:
            deviations.append(f"{path}: {tags} are not all member")
        return [of_xml(shape.member, child, f"{path}[]") for child in element]
    text = element.text or ""
    if shape.type_name == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if shape.type_name in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    return text


def conform_response(operation_model, response_dict, **_):
    shape = operation_model.output_shape
    # An event stream is no answer yet: whoever reads it conforms its events.
    if response_dict["status_code"] >= 300 or shape is None or operation_model.has_event_stream_output:
        return
    if operation_model.service_model.resolved_protocol == "json":
        return conform(shape, json.loads(response_dict["body"]), operation_model.name)
    root = ElementTree.fromstring(response_dict["body"])
    namespace = f"{{{operation_model.metadata['xmlNamespace']}}}"
    result = root.find(namespace + operation_model.name + "Result")
    if root.tag != namespace + operation_model.name + "Response" or result is None:
        deviations.append(f"{operation_model.name}: {root.tag} is no answer, or has no result")
    else:
        conform(shape, of_xml(shape, result, operation_model.name), operation_model.name)


def client(service, url, region=None):
    """A client that tries once, and names the host as it was given."""
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    made = boto3.client(service, endpoint_url=url, region_name=region, config=config)
    made.meta.events.register("before-parse.*.*", conform_response)
    return made
