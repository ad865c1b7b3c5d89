"""Expand infra/template.yaml as CloudFormation will, so that cfn-lint sees every role, policy and mapping.

usage: expand.py TEMPLATE OUTPUT

Local paths become placeholder S3 addresses: only the shape is linted here, nothing is packaged.
"""
import json
import sys

from cfnlint.decode.cfn_yaml import load
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PLACEHOLDER = "s3://placeholder/code.zip"
LOCAL = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}


def main(template_path, output_path):
    template = json.loads(json.dumps(load(template_path)))
    for resource in template["Resources"].values():
        if resource["Type"] in LOCAL:
            resource["Properties"][LOCAL[resource["Type"]]] = PLACEHOLDER
    # No managed policies are looked up: the roles are written out in the template.
    expanded = Translator({}, Parser()).translate(template, parameter_values={})
    with open(output_path, "w", encoding="utf-8") as output:
        json.dump(expanded, output, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
