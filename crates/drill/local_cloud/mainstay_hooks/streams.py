"""DynamoDB streams: what an event source mapping does about records that the function can't digest.

Replaces in ministack.services.lambda_svc: `_poll_dynamodb_streams`, `_execute_function` (listened to while it polls).
Reads `_iter_all_esms`, `_esm_backoff_until`, `_dynamodb_stream_positions`, `_send_ddb_stream_failure_record`. Adds
MaximumRetryAttempts, BisectBatchOnFunctionError and ReportBatchItemFailures: without them a record that the function
can't digest blocks the table's stream until it is too old, and one that the function names as failed counts as done.
Source: Lambda developer guide, "Discarding batches and retaining failed records (DynamoDB)" and "Configuring partial
batch response with DynamoDB and Lambda".
"""
import contextvars
import json
import logging
import threading
import time

from ministack.core.arn import parse_arn
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import dynamodb, lambda_svc

logger = logging.getLogger("mainstay.streams")

_poll = lambda_svc._poll_dynamodb_streams
_execute = lambda_svc._execute_function
_trouble = {}  # mapping id -> where it is stuck, how often it was tried there, and the batch size it was given
_heard = threading.local()  # .answers: (function, stream) -> the batch of this pass and the answer to it


def install():
    lambda_svc._poll_dynamodb_streams = poll
    lambda_svc._execute_function = execute


def poll():
    before = dict(lambda_svc._esm_backoff_until)
    _heard.answers = {}
    try:
        advanced = _poll()
        for account, region, mapping in lambda_svc._iter_all_esms():
            if ":dynamodb:" in mapping.get("EventSourceArn", ""):
                look = (_look, account, region, mapping, before.get(mapping["UUID"]))
                advanced = contextvars.Context().run(*look) or advanced
    finally:
        _heard.answers = None
    return advanced


def execute(function, event):
    result = _execute(function, event)
    answers = getattr(_heard, "answers", None)
    batch = event.get("Records") if answers is not None else None
    if batch:
        name = (function.get("config") or function).get("FunctionName")
        answers[name, batch[0].get("eventSourceARN")] = batch, result
    return result


def _look(account, region, mapping, before):
    """After a pass: what the mapping does about a batch that failed. True if it gave records up."""
    set_request_account_id(account)
    set_request_region(region)
    which = mapping["UUID"]
    partly = _go_back(mapping)
    until = lambda_svc._esm_backoff_until.get(which)
    at = lambda_svc._dynamodb_stream_positions.get(which)
    trouble = _trouble.get(which)
    if not partly and (until is None or until == before):
        if trouble and at != trouble["at"]:
            mapping["BatchSize"] = _trouble.pop(which)["batch_size"]
        return False
    if trouble is None or trouble["at"] != at:
        trouble = {"at": at, "tries": 0, "batch_size": (trouble or {}).get("batch_size", mapping["BatchSize"])}
        _trouble[which] = trouble
    wait = lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS
    lambda_svc._esm_backoff_until[which] = time.time() + wait
    table, _ = lambda_svc._dynamodb_stream_table_from_arn_spec(parse_arn(mapping["EventSourceArn"]))
    batch = dynamodb.stream_records_since(table, at, mapping["BatchSize"])
    if partly:
        # ministack looks at the age only of a batch that failed whole.
        old = [record for record in batch if _too_old(record, mapping)]
        if old:
            return _give_up(mapping, old, "MaxRecordAgeExceeded")
    elif mapping.get("BisectBatchOnFunctionError") in (True, "true") and len(batch) > 1:
        # The first half next; splitting costs no try.
        mapping["BatchSize"] = len(batch) // 2
        return False
    trouble["tries"] += 1
    limit = mapping.get("MaximumRetryAttempts")
    if limit is None or int(limit) < 0 or trouble["tries"] <= int(limit):
        return False
    return _give_up(mapping, batch, "RetryAttemptsExhausted")


def _go_back(mapping):
    """True if the answer to this pass's batch names failed records: the first of them is the next to be read. What
    lies before it is done, so the batch is split there and not in half."""
    batch, result = _heard.answers.pop((mapping["FunctionName"], mapping["EventSourceArn"]), (None, None))
    if batch is None or result.get("error"):
        return False
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return False
    failed = _failed(result.get("body"))
    if not failed:
        return False
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    named = [number for number in numbers if number in failed]
    # An empty, missing or unknown identifier fails the whole batch. The batch is in the order of its numbers.
    first = named[0] if len(named) == len(set(failed)) else numbers[0]
    which = mapping["UUID"]
    table, _ = lambda_svc._dynamodb_stream_table_from_arn_spec(parse_arn(mapping["EventSourceArn"]))
    with lambda_svc._dynamodb_stream_positions_lock:
        end = lambda_svc._dynamodb_stream_positions[which]
        start = max(end - mapping["BatchSize"], dynamodb.stream_start_position(table))
        read = dynamodb.stream_records_since(table, start, end - start)
        back = next((i for i, record in enumerate(read) if record["dynamodb"]["SequenceNumber"] == first), 0)
        lambda_svc._dynamodb_stream_positions[which] = start + back
    mapping["LastProcessingResult"] = f"PROBLEM: {len(failed)} of {len(batch)} records failed"
    logger.info("%s names %d of %d records as failed", mapping["FunctionName"], len(failed), len(batch))
    return True


def _failed(body):
    """The identifiers of an answer. An empty answer, or one without failures, is a success."""
    if isinstance(body, (str, bytes)):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    failures = body.get("batchItemFailures") if isinstance(body, dict) else None
    return [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures or []]


def _too_old(record, mapping):
    most = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
    return 0 < most < time.time() - float(record["dynamodb"]["ApproximateCreationDateTime"])


def _give_up(mapping, records, condition):
    which = mapping["UUID"]
    trouble = _trouble.pop(which)
    logger.warning("%s: %d records are given up after %d tries (%s)", mapping["FunctionArn"], len(records),
                   trouble["tries"], condition)
    function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    failed = lambda_svc._apply_filter_criteria(records, mapping)
    lambda_svc._send_ddb_stream_failure_record(mapping, function, failed, mapping["EventSourceArn"], {}, condition)
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[which] = trouble["at"] + len(records)
    lambda_svc._esm_backoff_until.pop(which, None)
    mapping["BatchSize"] = trouble["batch_size"]
    return True
