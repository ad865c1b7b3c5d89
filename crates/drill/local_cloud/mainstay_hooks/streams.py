"""DynamoDB streams: MaximumRetryAttempts and BisectBatchOnFunctionError of an event source mapping.

Replaces in ministack.services.lambda_svc: `_poll_dynamodb_streams`. Reads `_iter_all_esms`, `_esm_backoff_until`,
`_dynamodb_stream_positions`, `_send_ddb_stream_failure_record`. Without it a record that the function can't digest
blocks the table's stream until it is too old. Partial batch responses are not known here.
Source: Lambda developer guide, "Discarding batches and retaining failed records (DynamoDB)".
"""
import contextvars
import logging
import time

from ministack.core.arn import parse_arn
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import dynamodb, lambda_svc

logger = logging.getLogger("mainstay.streams")

_poll = lambda_svc._poll_dynamodb_streams
_trouble = {}  # mapping id -> where it is stuck, how often it was tried there, and the batch size it was given


def install():
    lambda_svc._poll_dynamodb_streams = poll


def poll():
    before = dict(lambda_svc._esm_backoff_until)
    advanced = _poll()
    for account, region, mapping in lambda_svc._iter_all_esms():
        if ":dynamodb:" in mapping.get("EventSourceArn", ""):
            given_up = contextvars.Context().run(_look, account, region, mapping, before.get(mapping["UUID"]))
            advanced = given_up or advanced
    return advanced


def _look(account, region, mapping, before):
    """After a pass: what the mapping does about a batch that failed. True if it gave the batch up."""
    set_request_account_id(account)
    set_request_region(region)
    which = mapping["UUID"]
    until = lambda_svc._esm_backoff_until.get(which)
    at = lambda_svc._dynamodb_stream_positions.get(which)
    trouble = _trouble.get(which)
    if until is None or until == before:
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
    if mapping.get("BisectBatchOnFunctionError") in (True, "true") and len(batch) > 1:
        # The first half next; splitting costs no try.
        mapping["BatchSize"] = len(batch) // 2
        return False
    trouble["tries"] += 1
    limit = mapping.get("MaximumRetryAttempts")
    if limit is None or int(limit) < 0 or trouble["tries"] <= int(limit):
        return False
    logger.warning("%s: %d records are given up after %d tries", mapping["FunctionArn"], len(batch), trouble["tries"])
    function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    failed = lambda_svc._apply_filter_criteria(batch, mapping)
    lambda_svc._send_ddb_stream_failure_record(mapping, function, failed, mapping["EventSourceArn"], {},
                                               "RetryAttemptsExhausted")
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[which] = at + len(batch)
    lambda_svc._esm_backoff_until.pop(which, None)
    mapping["BatchSize"] = _trouble.pop(which)["batch_size"]
    return True
