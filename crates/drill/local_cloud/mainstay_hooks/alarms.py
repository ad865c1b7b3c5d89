"""Alarms as CloudWatch evaluates them, and the event that each change sends to EventBridge.

Replaces in ministack.services.cloudwatch: `_evaluate_alarm`, `_dispatch_alarm_actions`, `_put_metric_alarm`,
`_put_composite_alarm`. Reads: `_alarms`, `_metrics`, `_dims_key`, `_calc_stats`, `_stat_value`, `_record_history`,
`_evaluate_parent_alarms`, `_p`. ministack itself ignores dimensions, M of N and TreatMissingData, looks only when a
datapoint is put, knows no metric math, and sends nothing to EventBridge.
"""
import contextvars
import json
import logging
import math
import threading
import time

from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import cloudwatch as cw

from . import alarm_events, metric_math, mutes, verdict

logger = logging.getLogger("mainstay.alarms")

LOOK_EVERY_S = 1.0
_one_at_a_time = threading.RLock()
_complained = set()
_dispatch_actions = cw._dispatch_alarm_actions


def install():
    cw._evaluate_alarm = evaluate
    cw._dispatch_alarm_actions = dispatch
    _keep_on_put("_put_metric_alarm", cw._alarms, {"Metrics": _metrics_of_form})
    _keep_on_put("_put_composite_alarm", cw._composite_alarms, {
        "ActionsSuppressor": _text, "ActionsSuppressorWaitPeriod": _number,
        "ActionsSuppressorExtensionPeriod": _number,
    })
    threading.Thread(target=_look_for_ever, daemon=True, name="alarms").start()


def _look_for_ever():
    """Also in silence: an alarm on a dead writer must not wait for a datapoint."""
    while True:
        time.sleep(LOOK_EVERY_S)
        for (account, region, _), alarm in list(cw._alarms._data.items()):
            contextvars.Context().run(_look, account, region, alarm)


def _look(account, region, alarm):
    set_request_account_id(account)
    set_request_region(region)
    try:
        evaluate(alarm)
    except Exception:
        logger.exception("alarm %s could not be evaluated", alarm.get("AlarmName"))


def evaluate(alarm, now=None):
    """Looks at the alarm's datapoints and moves its state."""
    with _one_at_a_time:
        _evaluate(alarm, time.time() if now is None else now)


def _evaluate(alarm, now):
    comparison = verdict.COMPARE.get(alarm.get("ComparisonOperator"))
    if comparison is None:
        _complain(alarm, f"the comparison {alarm.get('ComparisonOperator')} is not known here")
        return
    of = int(alarm.get("EvaluationPeriods") or 1)
    needed = int(alarm.get("DatapointsToAlarm") or of)
    missing = alarm.get("TreatMissingData") or "missing"
    period = _period(alarm)
    last = math.floor(now / period)
    times = [i * period for i in range(last - of - verdict.EXTRA_PERIODS, last)]
    try:
        values = _values(alarm, times, period)
    except metric_math.Unknown as unknown:
        _complain(alarm, str(unknown))
        values, missing = {}, "missing"
    threshold = alarm["Threshold"]
    cells = [comparison[0](values[at], threshold) if at in values else None for at in times]
    old = alarm["StateValue"]
    new = verdict.state(cells, needed, of, missing, old)
    if new == old:
        return
    points = [(at, values[at]) for at in times if at in values][-of:]
    alarm["StateValue"] = new
    alarm["StateReason"] = verdict.reason(
        [(time.strftime("%d/%m/%y %H:%M:%S", time.gmtime(at)), value) for at, value in points],
        needed, of, missing, alarm["ComparisonOperator"], threshold, old, new)
    alarm["StateReasonData"] = alarm_events.reason_data(alarm, points, period, now)
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = now
    logger.info("alarm %s: %s -> %s: %s", alarm["AlarmName"], old, new, alarm["StateReason"])
    cw._record_history(alarm["AlarmName"], old, new, alarm["StateReason"])
    cw._dispatch_alarm_actions(alarm, old, new, alarm["StateReason"])
    cw._evaluate_parent_alarms(alarm)


def dispatch(alarm, old, new, reason):
    """A change of state: to EventBridge always, to the alarm's actions unless they are disabled, muted or suppressed.
    Source: CloudWatch user guide, "Alarm events and EventBridge" and "Alarm mute rules"."""
    mute = mutes.active(alarm["AlarmName"])
    suppressed = _suppress(alarm)
    alarm_events.send(alarm, old, new, reason, mute)
    if not mute and not suppressed:
        _dispatch_actions(alarm, old, new, reason)


def _suppress(alarm):
    """Notes on a composite alarm whether its suppressor is in ALARM. The wait and extension periods count as zero."""
    name = alarm.get("ActionsSuppressor")
    if not name:
        return False
    name = cw._rule_ref_name(name)
    suppressor = cw._alarms.get(name) or cw._composite_alarms.get(name) or {}
    if suppressor.get("StateValue") == "ALARM":
        alarm.update(ActionsSuppressedBy="Alarm", ActionsSuppressedReason="Actions suppressed by Alarm")
        return True
    alarm.pop("ActionsSuppressedBy", None)
    alarm.pop("ActionsSuppressedReason", None)
    return False


def _period(alarm):
    queries = alarm.get("Metrics") or []
    periods = [q["MetricStat"]["Period"] for q in queries if q.get("MetricStat")]
    periods += [q["Period"] for q in queries if q.get("Period")]
    return int(max(periods)) if periods else int(alarm.get("Period") or 60)


def _values(alarm, times, period):
    """The value of each period that has one."""
    queries = alarm.get("Metrics")
    if not queries:
        dimensions = alarm.get("Dimensions") or []
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        return _series(alarm.get("Namespace"), alarm.get("MetricName"), dimensions, statistic, alarm.get("Unit"),
                       times, period)
    known = {}
    for query in queries:
        if query.get("MetricStat"):
            stat, metric = query["MetricStat"], query["MetricStat"]["Metric"]
            known[query["Id"]] = _series(metric.get("Namespace"), metric.get("MetricName"),
                                         metric.get("Dimensions") or [], stat.get("Stat"), stat.get("Unit"), times,
                                         period)
    metrics = dict(known)
    waiting = [query for query in queries if query.get("Expression")]
    while waiting:
        # An expression may use another one: take those whose ids are known first, whatever the order.
        ready = next((q for q in waiting if not _uses(q, waiting)), None)
        if ready is None:
            raise metric_math.Unknown("the expressions refer to each other in a circle")
        names = metrics if "METRICS" in ready["Expression"] else known
        known[ready["Id"]] = metric_math.evaluate(ready["Expression"], names, times, period)
        waiting.remove(ready)
    shown = [q for q in queries if q.get("ReturnData", True) is not False]
    if len(shown) != 1:
        raise metric_math.Unknown(f"{len(shown)} of the metrics return data; an alarm needs exactly one")
    result = known[shown[0]["Id"]]
    return result if isinstance(result, dict) else {at: result for at in times} if _is_number(result) else {}


def _uses(query, waiting):
    words = set(metric_math.re.findall(r"[A-Za-z_][A-Za-z0-9_]*", query["Expression"]))
    return any(other is not query and other["Id"] in words for other in waiting)


def _is_number(value):
    return isinstance(value, (int, float))


def _series(namespace, name, dimensions, statistic, unit, times, period):
    """The statistic of each period that has datapoints of exactly these dimensions."""
    key = (namespace, name, cw._dims_key({d["Name"]: d["Value"] for d in dimensions}))
    points = [p for p in cw._metrics.get(key) or [] if not unit or p.get("Unit") == unit]
    series = {}
    for at in times:
        bucket = [p for p in points if at <= p["Timestamp"] < at + period]
        if bucket:
            value = cw._stat_value(cw._calc_stats(bucket), statistic, bucket)
            if value is not None:
                series[at] = float(value)
    return series


def _complain(alarm, what):
    """Once for each alarm and complaint, since it is looked at each second."""
    if (alarm["AlarmArn"], what) not in _complained:
        _complained.add((alarm["AlarmArn"], what))
        logger.warning("alarm %s stays INSUFFICIENT_DATA on this local cloud: %s", alarm["AlarmName"], what)


def _keep_on_put(name, store, fields):
    """Keeps request members that ministack drops when an alarm is put."""
    put = getattr(cw, name)

    def keep(params, data, is_cbor, is_json=False):
        typed = is_cbor or is_json
        kept = {field: data.get(field) if typed else read(params, field) for field, read in fields.items()}
        kept = {field: value for field, value in kept.items() if value is not None}
        with _one_at_a_time:
            reply = put(params, data, is_cbor, is_json)
            alarm = store.get((data if typed else {"AlarmName": cw._p(params, "AlarmName")}).get("AlarmName"))
            if reply[0] == 200 and alarm is not None and kept:
                alarm.update(kept)
                if "Metrics" in kept:
                    for unset in ("MetricName", "Namespace", "Statistic", "Period"):
                        alarm.pop(unset, None)
        return reply

    setattr(cw, name, keep)


def _text(params, field):
    return cw._p(params, field) or None


def _number(params, field):
    value = cw._p(params, field)
    return int(value) if value else None


def _metrics_of_form(params, field):
    if cw._p(params, "Metrics.member.1.Id"):
        raise ValueError("metric math over the Query protocol is not known here: use CBOR, JSON or a template")
    return None
