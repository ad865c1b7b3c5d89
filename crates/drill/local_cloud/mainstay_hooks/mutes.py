"""Alarm mute rules: Put, Get, List and Delete, and whether one mutes an alarm now.

Replaces ministack.services.cloudwatch `handle_request` (ministack knows none of the four). Only one-time windows,
`at(2026-05-10T14:00)` in UTC, are known; a cron expression is refused. A muted alarm still changes its state and
still sends its event, with `muteDetail`. Source: CloudWatch API reference, PutAlarmMuteRule.
"""
import datetime
import json
import re
import time

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region
from ministack.services import cloudwatch as cw

_rules = AccountRegionScopedDict()
_handle = cw.handle_request
DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$")


def install():
    cw.handle_request = handle


def active(alarm_name):
    """`muteDetail` of the rule that mutes the alarm now, or None."""
    from . import alarm_events
    now = time.time()
    for rule in list(_rules.values()):
        if alarm_name in rule["MuteTargets"]["AlarmNames"] and rule["from"] <= now < rule["to"]:
            return {"mutedByArn": rule["AlarmMuteRuleArn"], "muteWindowStart": alarm_events.stamp(rule["from"]),
                    "muteWindowEnd": alarm_events.stamp(rule["to"])}
    return None


async def handle(method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rsplit(".", 1)[-1] or path.rsplit("/operation/", 1)[-1]
    act = ACTIONS.get(action)
    if act is None:
        return await _handle(method, path, headers, body, query_params)
    is_cbor = "cbor" in headers.get("content-type", "") or "cbor" in headers.get("smithy-protocol", "")
    if is_cbor:
        import cbor2
        request = cbor2.loads(body) if body else {}
    else:
        request = json.loads(body) if body else {}
    try:
        reply = act(request)
    except KeyError:
        return cw._error("ResourceNotFoundException", "the mute rule does not exist", 404, not is_cbor, is_cbor)
    except ValueError as error:
        return cw._error("ValidationError", str(error), 400, not is_cbor, is_cbor)
    if is_cbor:
        return cw._cbor_ok({key: _tagged(key, value) for key, value in reply.items()})
    return cw._json_ok(reply)


def _put(request):
    name, schedule = request["Name"], request["Rule"]["Schedule"]
    at = re.match(r"^at\((.+)\)$", schedule["Expression"])
    span = DURATION.match(schedule["Duration"])
    if not at or not span or schedule.get("Timezone", "UTC") != "UTC":
        raise ValueError("this local cloud knows mute rules with at(yyyy-MM-ddThh:mm), UTC and a duration like PT1H")
    start = datetime.datetime.fromisoformat(at[1]).replace(tzinfo=datetime.timezone.utc).timestamp()
    days, hours, minutes = (int(part or 0) for part in span.groups())
    _rules[name] = {
        "Name": name, "AlarmMuteRuleArn": f"arn:aws:cloudwatch:{get_region()}:{get_account_id()}:alarm-mute-rule:{name}",
        "Description": request.get("Description", ""), "Rule": request["Rule"],
        "MuteTargets": request.get("MuteTargets") or {"AlarmNames": []}, "LastUpdatedTimestamp": time.time(),
        "MuteType": "ONE_TIME", "from": start, "to": start + days * 86400 + hours * 3600 + minutes * 60,
    }
    return {}


def _shown(rule):
    now = time.time()
    status = "SCHEDULED" if now < rule["from"] else "ACTIVE" if now < rule["to"] else "EXPIRED"
    return {key: value for key, value in rule.items() if key not in ("from", "to")} | {"Status": status}


def _get(request):
    return _shown(_rules[request["AlarmMuteRuleName"]])


def _list(request):
    rules = [(rule, _shown(rule)) for rule in _rules.values()]
    name, statuses = request.get("AlarmName"), request.get("Statuses")
    return {"AlarmMuteRuleSummaries": [
        {key: shown[key] for key in ("AlarmMuteRuleArn", "Status", "MuteType", "LastUpdatedTimestamp")}
        for rule, shown in rules
        if (not name or name in rule["MuteTargets"]["AlarmNames"]) and (not statuses or shown["Status"] in statuses)
    ]}


def _delete(request):
    _rules.pop(request["AlarmMuteRuleName"], None)
    return {}


def _tagged(key, value):
    if key.endswith("Timestamp"):
        return cw._cbor_timestamp(value)
    if isinstance(value, list):
        return [{k: _tagged(k, v) for k, v in one.items()} if isinstance(one, dict) else one for one in value]
    return value


ACTIONS = {"PutAlarmMuteRule": _put, "GetAlarmMuteRule": _get, "ListAlarmMuteRules": _list,
           "DeleteAlarmMuteRule": _delete}
