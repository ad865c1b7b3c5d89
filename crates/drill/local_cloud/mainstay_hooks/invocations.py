"""Asynchronous invocations: retries, then the function's dead-letter queue, and a rule target's own queue.

Replaces in ministack.services.lambda_svc: `invoke_async_with_retry`, `_route_async_failure`; in eventbridge:
`_dispatch_to_lambda`, `_invoke_target`; in sns: `_deliver_to_lambda`. ministack invokes once and forgets when a rule,
a schedule or a topic invokes a function, wraps what lands in a dead-letter queue, and ignores a target's queue.
AWS waits one and two minutes between tries; here LAMBDA_ASYNC_RETRY_BASE_SECONDS says how long.
"""
import contextvars
import json
import logging
import threading
import time

from ministack.core.arn import ArnParseError, parse_arn
from ministack.services import eventbridge as eb
from ministack.services import lambda_svc, sns, sqs
from ministack.services.lambda_svc import new_uuid

from . import schedules

logger = logging.getLogger("mainstay.invocations")

THROTTLE_WAIT_S = 0.2
_route_elsewhere = lambda_svc._route_async_failure
_invoke_target = eb._invoke_target
_target = contextvars.ContextVar("target", default=None)


def install():
    lambda_svc.invoke_async_with_retry = invoke
    lambda_svc._route_async_failure = route_failure
    eb._dispatch_to_lambda = dispatch_to_lambda
    eb._invoke_target = invoke_target
    sns._deliver_to_lambda = deliver_to_lambda


def invoke(function, event):
    threading.Thread(target=contextvars.copy_context().run, args=(_invoke, function, event), daemon=True).start()


def _invoke(function, event):
    config = function.get("config") or function
    name = config.get("FunctionName", "unknown")
    settings = function.get("event_invoke_config") or (function.get("event_invoke_configs") or {}).get("$LATEST") or {}
    retries = settings.get("MaximumRetryAttempts")
    tries = 1 + (2 if retries is None else int(retries))
    oldest = time.time() - float(settings.get("MaximumEventAgeInSeconds") or 21600)
    attempt, result = 0, None
    while attempt < tries:
        result = lambda_svc._execute_function_with_config_scope(function, event)
        if result.get("throttle") and time.time() - oldest > 0:
            # AWS keeps a throttled event in its queue: it costs time, not a try.
            time.sleep(THROTTLE_WAIT_S)
            continue
        attempt += 1
        failed = bool(result.get("error"))
        lambda_svc._emit_lambda_metrics(name, duration_ms=0.0, error=failed, throttle=False)
        if not failed:
            return
        logger.info("%s failed (try %d of %d): %s", name, attempt, tries, json.dumps(result.get("body"))[:500])
        if attempt < tries:
            time.sleep(lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * attempt)
    destination = ((settings.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    queue = (config.get("DeadLetterConfig") or {}).get("TargetArn")
    if destination:
        _route_elsewhere(destination, name, event, result)
    if queue:
        route_failure(queue, name, event, result)


def route_failure(arn, name, event, result):
    """A dead-letter queue gets the event as it was, and the error as message attributes.
    Source: Lambda developer guide, "Adding a dead-letter queue"."""
    body = result.get("body") if isinstance(result.get("body"), dict) else {}
    message = str(body.get("errorMessage") or body or "")[:1024]
    _to_queue(arn, json.dumps(event), {
        "RequestID": ("String", new_uuid()), "ErrorCode": ("Number", "200"), "ErrorMessage": ("String", message or "-"),
    }, name)


def dispatch_to_lambda(arn, payload):
    try:
        event = json.loads(payload)
    except (ValueError, TypeError):
        event = {"body": payload}
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        _undeliverable(arn, payload, f"the function {name} does not exist")
        return
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)


def invoke_target(target, event, rule, view=None):
    target = schedules.filled_in(target, event, rule)
    before = _target.set((target, rule))
    try:
        _invoke_target(target, event, rule, view)
    finally:
        _target.reset(before)


def _undeliverable(arn, payload, why):
    """Source: EventBridge user guide, "Using dead-letter queues": the target's queue gets what can't be delivered."""
    target, rule = _target.get() or ({}, {})
    logger.warning("%s: an event could not be delivered: %s", arn, why)
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    if queue:
        _to_queue(queue, payload, {
            "RULE_ARN": ("String", rule.get("Arn", "-")), "TARGET_ARN": ("String", arn),
            "ERROR_CODE": ("String", "RESOURCE_NOT_FOUND"), "ERROR_MESSAGE": ("String", why),
        }, arn)


def deliver_to_lambda(endpoint, envelope, topic_arn, subscription, _id, _message, _attributes):
    function, config, name = lambda_svc._get_func_record_for_ref(endpoint)
    if not function or not config:
        logger.warning("%s: the function %s of a subscription does not exist", topic_arn, name)
        return
    event = {"Records": [{"EventVersion": "1.0", "EventSubscriptionArn": subscription, "EventSource": "aws:sns",
                          "Sns": json.loads(envelope)}]}
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), event)


def _to_queue(arn, body, attributes, whose):
    try:
        service = parse_arn(arn).service
    except ArnParseError:
        service = None
    if service == "sns":
        sns._fanout(arn, new_uuid(), body, "dead letter", "", {})
        return
    queue = sqs._queue_by_arn(arn) if service == "sqs" else None
    if queue is None:
        logger.error("%s: the dead-letter queue %s does not exist: an event is lost", whose, arn)
        return
    typed = {name: {"DataType": kind, "StringValue": value} for name, (kind, value) in attributes.items()}
    now = time.time()
    message = {
        "id": new_uuid(), "body": body, "md5_body": sqs.hashlib.md5(body.encode()).hexdigest(),
        "md5_attrs": sqs._md5_msg_attrs(typed), "message_attributes": typed, "receipt_handle": None,
        "sent_at": now, "visible_at": now + sqs.queue_delay(queue), "receive_count": 0, "first_receive_at": None,
        "sys": {"SenderId": "mainstay", "SentTimestamp": str(int(now * 1000))},
        "group_id": None, "dedup_id": None, "dedup_cache_key": None, "seq": None,
    }
    sqs._ensure_msg_fields(message)
    queue["messages"].append(message)
    lambda_svc.esm_wake.set()
