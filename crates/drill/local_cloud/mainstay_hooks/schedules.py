"""EventBridge Scheduler: looks each second, and fills its placeholders in.

Sets ministack.services.scheduler `_SCHEDULE_TICK_INTERVAL`; `filled_in` is used by `invocations`. Source: Scheduler
user guide, "Adding context attributes".
"""
import datetime
import time

from ministack.services import eventbridge as eb
from ministack.services import scheduler
from ministack.services.lambda_svc import new_uuid


def install():
    scheduler._SCHEDULE_TICK_INTERVAL = 1


def filled_in(target, event, schedule):
    """The target with the placeholders of its input replaced, if the event is a schedule's."""
    text = target.get("Input")
    if event.get("Source") != "aws.scheduler" or not text or "<aws.scheduler." not in text:
        return target
    due = datetime.datetime.fromtimestamp(_due(schedule, event["Time"]), tz=datetime.timezone.utc)
    for name, value in {
        "schedule-arn": schedule.get("Arn", ""), "scheduled-time": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": new_uuid(), "attempt-number": "1",
    }.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text}


def _due(schedule, now):
    """The moment the tick was due, which is a little before `now`."""
    expression = schedule.get("ScheduleExpression", "")
    at = scheduler._at_time_epoch(expression)
    if at is not None:
        return at
    every = eb._parse_rate_seconds(expression)
    if every:
        began = scheduler._to_epoch(schedule.get("CreationDate")) or now
        return began + (now - began) // every * every
    fields = eb._parse_cron_fields(expression)
    if fields:
        from_then = datetime.datetime.fromtimestamp(now - 90, tz=datetime.timezone.utc)
        due = eb._cron_next_fire(fields, from_then)
        if due is not None:
            return min(due.timestamp(), now)
    return time.time()
