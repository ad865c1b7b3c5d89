"""The event `CloudWatch Alarm State Change`, with the whole documented shape.

Uses ministack.services.eventbridge `_put_events` with `allow_aws_source`, so that the production rule matches it.
Source: CloudWatch user guide, "Alarm events and EventBridge".
"""
import json
import time
import uuid

from ministack.services import eventbridge as eb

_previous = {}  # alarm ARN -> the state that was sent last


def send(alarm, old, new, reason, mute):
    arn = alarm["AlarmArn"]
    state = {"value": new, "reason": reason, "timestamp": stamp(time.time())}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    for field, name in (("ActionsSuppressedBy", "actionsSuppressedBy"),
                        ("ActionsSuppressedReason", "actionsSuppressedReason")):
        if alarm.get(field):
            state[name] = alarm[field]
    previous = _previous.get(arn)
    if previous is None or previous["value"] != old:
        since = alarm.get("AlarmConfigurationUpdatedTimestamp") or time.time()
        previous = {"value": old, "reason": "Unchecked: Initial alarm creation", "timestamp": stamp(since)}
    _previous[arn] = state
    detail = {"alarmName": alarm["AlarmName"], "state": state, "previousState": previous,
              "configuration": configuration(alarm)}
    if mute:
        detail["muteDetail"] = mute
    eb._put_events({"Entries": [{
        "Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change", "Resources": [arn],
        "Detail": json.dumps(detail),
    }]}, allow_aws_source=True)


def configuration(alarm):
    if "AlarmRule" in alarm:
        shown = {"alarmRule": alarm["AlarmRule"]}
        for field in ("ActionsSuppressor", "ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod"):
            if alarm.get(field) is not None:
                shown[field[0].lower() + field[1:]] = alarm[field]
    elif alarm.get("Metrics"):
        shown = {"metrics": [_query(query) for query in alarm["Metrics"]]}
    else:
        shown = {"metrics": [{
            # CloudWatch makes an id up; the same alarm keeps the same one.
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"])),
            "metricStat": _stat(alarm.get("Namespace"), alarm.get("MetricName"), alarm.get("Dimensions"),
                                alarm.get("Period"), alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
                                alarm.get("Unit")),
            "returnData": True,
        }]}
    if alarm.get("AlarmDescription"):
        shown["description"] = alarm["AlarmDescription"]
    return shown


def reason_data(alarm, points, period, now):
    data = {"version": "1.0", "queryDate": stamp(now)}
    if points:
        data["startDate"] = stamp(points[0][0])
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    if statistic and not alarm.get("Metrics"):
        data["statistic"] = statistic
    if alarm.get("Unit"):
        data["unit"] = alarm["Unit"]
    data.update(period=period, recentDatapoints=[value for _, value in points], threshold=alarm["Threshold"])
    data["evaluatedDatapoints"] = [{"timestamp": stamp(at), "value": value} for at, value in reversed(points)]
    return json.dumps(data, separators=(",", ":"))


def stamp(at):
    """As CloudWatch writes times: milliseconds, and no colon in the offset."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03d}+0000"


def _query(query):
    shown = {"id": query["Id"], "returnData": query.get("ReturnData", True) is not False}
    if query.get("Label"):
        shown["label"] = query["Label"]
    if query.get("Expression"):
        shown["expression"] = query["Expression"]
        if query.get("Period"):
            shown["period"] = query["Period"]
    if query.get("MetricStat"):
        stat = query["MetricStat"]
        metric = stat["Metric"]
        shown["metricStat"] = _stat(metric.get("Namespace"), metric.get("MetricName"), metric.get("Dimensions"),
                                    stat.get("Period"), stat.get("Stat"), stat.get("Unit"))
    return shown


def _stat(namespace, name, dimensions, period, stat, unit):
    metric = {"namespace": namespace, "name": name,
              "dimensions": {d["Name"]: d["Value"] for d in dimensions or []}}
    shown = {"metric": metric, "period": int(period or 60), "stat": stat}
    if unit:
        shown["unit"] = unit
    return shown
