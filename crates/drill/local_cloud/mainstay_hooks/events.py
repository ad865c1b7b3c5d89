"""PutEvents: the estate's way to speak as RDS and ECS, and the time an entry gives.

Replaces in ministack.services.eventbridge: `_put_events`, `_now_ts`. An entry whose TraceHeader is the token that
only the drill knows may have an `aws.*` source; every other such entry is refused, as on AWS. The token never
reaches the functions: it is taken out of the environment they inherit.
"""
import contextvars
import hmac
import json
import os
import time

from ministack.services import eventbridge as eb

_token = os.environ.pop("MAINSTAY_EVENT_TOKEN", "")
_entry_time = contextvars.ContextVar("entry_time", default=None)
_put_events = eb._put_events


def install():
    eb._put_events = put_events
    eb._now_ts = lambda: _entry_time.get() or time.time()


def put_events(data, allow_aws_source=False):
    entries = data.get("Entries") or []
    if len(entries) > 10 or not any(_speaks_for_aws(entry) or entry.get("Time") for entry in entries):
        return _put_events(data, allow_aws_source)
    results, failed = [], 0
    for entry in entries:
        allowed = allow_aws_source or _speaks_for_aws(entry)
        bare = {key: value for key, value in entry.items() if key != "TraceHeader"}
        given = entry.get("Time")
        before = _entry_time.set(float(given) if isinstance(given, (int, float)) else None)
        try:
            _, _, body = _put_events({"Entries": [bare]}, allowed)
        finally:
            _entry_time.reset(before)
        reply = json.loads(body)
        results += reply["Entries"]
        failed += reply["FailedEntryCount"]
    return eb.json_response({"FailedEntryCount": failed, "Entries": results})


def _speaks_for_aws(entry):
    return bool(_token) and hmac.compare_digest(str(entry.get("TraceHeader") or ""), _token)
