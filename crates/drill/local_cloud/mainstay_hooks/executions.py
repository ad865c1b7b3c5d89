"""Executions of state machines: the whole machine's TimeoutSeconds, the same start twice, an end that stays.

Replaces in ministack.services.stepfunctions: `_start_execution`, `_fail_execution`. Reads `_executions`,
`_state_machines`, `_resolve_state_machine_arn`, `_add_event`, `_emit_execution_status_event`.
"""
import contextvars
import json
import threading

from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions as sf

_start = sf._start_execution
_fail = sf._fail_execution


def install():
    sf._start_execution = start
    sf._fail_execution = fail


def start(data):
    twin = _running_twin(data)
    if twin:
        # AWS: a start with the name and input of a running execution is that execution, not an error.
        return sf.json_response({"executionArn": twin["executionArn"], "startDate": twin["startDate"]})
    reply = _start(data)
    arn = json.loads(reply[2]).get("executionArn")
    execution = sf._executions.get(arn) if arn else None
    limit = _timeout(execution) if execution else None
    if limit:
        timer = threading.Timer(limit, contextvars.copy_context().run, (_time_out, arn))
        timer.daemon = True
        timer.start()
    return reply


def fail(execution, error, cause):
    """An execution that timed out or was aborted has ended: a task that fails later changes nothing."""
    if execution["status"] == "RUNNING":
        _fail(execution, error, cause)


def _running_twin(data):
    machine = sf._resolve_state_machine_arn(str(data.get("stateMachineArn", "")).split("#")[0])
    if not machine or not data.get("name"):
        return None
    name = sf._state_machines[machine]["name"]
    arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{name}:{data['name']}"
    execution = sf._executions.get(arn)
    same = execution and execution["status"] == "RUNNING" and execution["input"] == data.get("input", "{}")
    return execution if same else None


def _timeout(execution):
    machine = sf._state_machines.get(execution["stateMachineArn"]) or {}
    try:
        return json.loads(machine.get("definition") or "{}").get("TimeoutSeconds")
    except ValueError:
        return None


def _time_out(arn):
    execution = sf._executions.get(arn)
    if execution and execution["status"] == "RUNNING":
        execution.update(status="TIMED_OUT", stopDate=sf.now_iso(), error="States.Timeout", cause=None)
        sf._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {"error": "States.Timeout"}})
        sf._emit_execution_status_event(execution)
