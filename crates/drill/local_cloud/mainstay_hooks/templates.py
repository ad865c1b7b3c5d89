"""CloudFormation: alarms on metric math, composite alarms, and a function's dead-letter queue and concurrency.

Replaces in ministack.services.cloudformation.provisioners: `_cw_metric_alarm_record`, and in `_RESOURCE_HANDLERS`
create and update of `AWS::Lambda::Function`; adds `AWS::CloudWatch::CompositeAlarm`. ministack refuses both kinds of
alarm, and drops `DeadLetterConfig` and `ReservedConcurrentExecutions` of a template's function in silence.
"""
import functools

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch as cw
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

_record = provisioners._cw_metric_alarm_record
COMPOSITE = ("AlarmDescription", "AlarmRule", "ActionsEnabled", "AlarmActions", "OKActions", "InsufficientDataActions",
             "ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def install():
    provisioners._cw_metric_alarm_record = record
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": create, "update": update, "delete": delete,
    }
    functions = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    functions["create"] = whole_function(functions["create"], props_at=1)
    functions["update"] = whole_function(functions["update"], props_at=2)


def whole_function(make, props_at):
    """`make` with the properties that it drops. `props_at` is where its arguments hold the wanted properties."""
    @functools.wraps(make)
    def made(*arguments, **named):
        reply = make(*arguments, **named)
        props = arguments[props_at]
        function = lambda_svc._functions.get(reply[0])
        if function is not None:
            reserved = props.get("ReservedConcurrentExecutions")
            function["concurrency"] = None if reserved is None else int(reserved)
            function["config"].pop("DeadLetterConfig", None)
            if props.get("DeadLetterConfig"):
                function["config"]["DeadLetterConfig"] = props["DeadLetterConfig"]
        return reply
    return made


def record(name, props):
    queries = props.get("Metrics")
    if not queries:
        return _record(name, props)
    alarm = _record(name, {**{k: v for k, v in props.items() if k != "Metrics"}, "MetricName": "-", "Namespace": "-"})
    for unset in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions"):
        alarm.pop(unset, None)
    alarm["Metrics"] = [_typed(query) for query in queries]
    return alarm


def _typed(query):
    """A template may hold numbers and booleans as text."""
    typed = dict(query)
    if "ReturnData" in typed:
        typed["ReturnData"] = str(typed["ReturnData"]).lower() == "true"
    if "Period" in typed:
        typed["Period"] = int(typed["Period"])
    if typed.get("MetricStat"):
        typed["MetricStat"] = {**typed["MetricStat"], "Period": int(typed["MetricStat"]["Period"])}
    return typed


def create(logical_id, props, stack_name):
    name = props.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    return _put(name, props)


def update(physical_id, _old, new, _stack_name):
    return _put(physical_id, new)


def _put(name, props):
    request = {"AlarmName": name, **{field: props[field] for field in COMPOSITE if field in props}}
    if "ActionsEnabled" in request:
        request["ActionsEnabled"] = str(request["ActionsEnabled"]).lower() == "true"
    status, _, body = cw._put_composite_alarm({}, request, False, True)
    if status != 200:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return name, {"Arn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm:{name}"}


def delete(physical_id, _props):
    cw._composite_alarms.pop(physical_id, None)
