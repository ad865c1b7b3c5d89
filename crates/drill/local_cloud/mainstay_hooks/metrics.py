"""Metrics that AWS publishes by itself and ministack does not, for the alarms on Mainstay itself.

Replaces in ministack.services.stepfunctions: `_emit_execution_status_event`. Reads sqs `_queues`. Publishes
AWS/States ExecutionsStarted, -Succeeded, -Failed, -TimedOut, -Aborted by state machine, and
AWS/SQS ApproximateNumberOfMessagesVisible by queue (AWS: each minute; here each five seconds).
"""
import contextvars
import logging
import threading
import time

from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import cloudwatch as cw
from ministack.services import sqs
from ministack.services import stepfunctions as sf

logger = logging.getLogger("mainstay.metrics")

QUEUES_EVERY_S = 5.0
EXECUTIONS = {"RUNNING": "ExecutionsStarted", "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed",
              "TIMED_OUT": "ExecutionsTimedOut", "ABORTED": "ExecutionsAborted"}
_emit = sf._emit_execution_status_event


def install():
    sf._emit_execution_status_event = emit
    threading.Thread(target=_measure_queues, daemon=True, name="queue-depths").start()


def emit(execution):
    name = EXECUTIONS.get(execution["status"])
    if name:
        cw.record_metric("AWS/States", name, 1, "Count", {"StateMachineArn": execution["stateMachineArn"]})
    _emit(execution)


def _measure_queues():
    while True:
        time.sleep(QUEUES_EVERY_S)
        for (account, region, _), queue in list(sqs._queues._data.items()):
            contextvars.Context().run(_measure, account, region, queue)


def _measure(account, region, queue):
    set_request_account_id(account)
    set_request_region(region)
    now = time.time()
    visible = sum(1 for message in list(queue.get("messages") or []) if message.get("visible_at", 0) <= now)
    name = queue.get("name") or str(queue.get("url", "")).rsplit("/", 1)[-1]
    cw.record_metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, "Count", {"QueueName": name})
