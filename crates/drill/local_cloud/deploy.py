"""Deploys a SAM template to the local cloud: what `sam package` and `sam deploy` do, without their 340 MB.

Reads one JSON request on standard input: endpoint, region, account, template, stack, parameters, artifacts (logical
id -> the built binary of a function, or the file or folder of a layer), deadline_s. Writes one JSON reply on standard
output: {"outputs": {...}, "resources": {logical id: {"id", "type"}}} or {"error": "...", "reasons": [...]}.
"""
import hashlib
import io
import json
import os
import pathlib
import sys
import time
import zipfile

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = "mainstay-artifacts"
LOOK_EVERY_S = 0.1
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class Refused(Exception):
    """What is wrong with the request, the template or the stack, and the reasons of its resources."""

    def __init__(self, text, reasons=()):
        super().__init__(text)
        self.reasons = list(reasons)


class Template(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Template.add_multi_constructor("!", _short_form)
# 2010-09-09 is a version, not a day.
Template.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def main():
    request = json.load(sys.stdin)
    try:
        reply, code = deploy(request), 0
    except Refused as refused:
        reply, code = {"error": str(refused), "reasons": refused.reasons}, 1
    except (BotoCoreError, ClientError, OSError, yaml.YAMLError) as error:
        reply, code = {"error": str(error), "reasons": []}, 1
    json.dump(reply, sys.stdout)
    sys.exit(code)


def deploy(request):
    session = boto3.Session(aws_access_key_id=request["account"], aws_secret_access_key="local",
                            region_name=request["region"])
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
    s3, stacks = (session.client(service, endpoint_url=request["endpoint"], config=config)
                  for service in ("s3", "cloudformation"))
    path = pathlib.Path(request["template"])
    with open(path, encoding="utf-8") as file:
        template = yaml.load(file, Loader=Template)
    have_bucket(s3, request["region"])
    package(template, path.parent, request.get("artifacts") or {}, s3)
    # A template of more than 51,200 bytes comes by its address only; `sam deploy` uploads every one.
    url = f"{request['endpoint'].rstrip('/')}/{BUCKET}/{upload(s3, json.dumps(template).encode(), '.json')}"
    create_or_update(stacks, url, request)
    return describe(stacks, request["stack"])


def have_bucket(s3, region):
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": region})
    except s3.exceptions.BucketAlreadyOwnedByYou:
        pass  # an earlier deployment to this cloud made it


def package(template, folder, artifacts, s3):
    """Uploads what the template names by a local path, and puts the S3 address in its place."""
    shared = ((template.get("Globals") or {}).get("Function") or {}).pop("CodeUri", None)
    missing = []
    for logical_id, resource in template.get("Resources", {}).items():
        kind, properties = resource.get("Type"), resource.setdefault("Properties", {})
        if kind == "AWS::Serverless::Function" and "InlineCode" not in properties:
            binary = artifacts.get(logical_id)
            source = binary or folder / str(properties.get("CodeUri", shared))
            if not os.path.exists(source) or (not binary and is_empty_folder(source)):
                missing.append(f"{logical_id}: {source}")
                continue
            properties["CodeUri"] = address(upload(s3, zipped(source, "bootstrap" if binary else None), ".zip"))
        elif kind in ("AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"):
            field = "ContentUri" if kind == "AWS::Serverless::LayerVersion" else "Content"
            given = properties.get(field)
            if isinstance(given, str) and not given.startswith("s3://"):
                source = artifacts.get(logical_id) or folder / given
                if not os.path.exists(source):
                    missing.append(f"{logical_id}: {source}")
                    continue
                where = upload(s3, zipped(source, None), ".zip")
                properties[field] = address(where) if kind == "AWS::Serverless::LayerVersion" else {
                    "S3Bucket": BUCKET, "S3Key": where}
        elif kind == "AWS::Serverless::StateMachine" and isinstance(properties.get("DefinitionUri"), str):
            if not properties["DefinitionUri"].startswith("s3://"):
                source = folder / properties["DefinitionUri"]
                if not source.exists():
                    missing.append(f"{logical_id}: {source}")
                    continue
                properties["DefinitionUri"] = address(upload(s3, source.read_bytes(), source.suffix))
    if missing:
        raise Refused("these files of the template don't exist (build the functions first)", missing)


def is_empty_folder(source):
    return os.path.isdir(source) and not os.listdir(source)


def zipped(source, name):
    """A zip of the file or folder. Level 1: the local cloud's disk is no bottleneck, the CPU is."""
    source = pathlib.Path(source)
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in files:
            entry = zipfile.ZipInfo(name or str(file.relative_to(source) if source.is_dir() else file.name))
            entry.external_attr = (0o755 if os.access(file, os.X_OK) else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes(), compresslevel=1)
    return buffer.getvalue()


def upload(s3, body, suffix):
    key = hashlib.sha256(body).hexdigest() + suffix
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return key


def address(key):
    return f"s3://{BUCKET}/{key}"


def create_or_update(stacks, template_url, request):
    name = request["stack"]
    arguments = {
        "StackName": name, "TemplateURL": template_url, "Capabilities": CAPABILITIES,
        "Parameters": [{"ParameterKey": key, "ParameterValue": str(value)}
                       for key, value in (request.get("parameters") or {}).items()],
    }
    since = time.time()
    try:
        if exists(stacks, name):
            stacks.update_stack(**arguments)
        else:
            stacks.create_stack(**arguments, DisableRollback=True)
    except ClientError as error:
        if "No updates are to be performed" in str(error):
            return
        raise Refused(f"the stack {name} was refused: {error.response['Error'].get('Message', error)}") from error
    while True:
        status = stacks.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            return
        late = time.time() - since > request["deadline_s"]
        if late or not status.endswith("_IN_PROGRESS"):
            raise Refused(f"the stack {name} is {status}" + (" and does not get on" if late else ""),
                          failures(stacks, name))
        time.sleep(LOOK_EVERY_S)


def exists(stacks, name):
    try:
        return bool(stacks.describe_stacks(StackName=name)["Stacks"])
    except ClientError:
        return False


def failures(stacks, name):
    events = stacks.describe_stack_events(StackName=name)["StackEvents"]
    return [f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', '?')}"
            for event in reversed(events) if event["ResourceStatus"].endswith("FAILED")]


def describe(stacks, name):
    stack = stacks.describe_stacks(StackName=name)["Stacks"][0]
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        "resources": {resource["LogicalResourceId"]: {
            "id": resource.get("PhysicalResourceId", ""), "type": resource["ResourceType"],
        } for page in pages for resource in page["StackResourceSummaries"]},
    }


if __name__ == "__main__":
    main()
