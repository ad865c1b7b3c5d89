"""Metrics from the lines that functions print, at the moment at which they are printed.

Replaces in ministack.core.lambda_runtime: `ProvidedWorker._pump_output`. Uses cloudwatch `_store_datum`. ministack makes
no metrics of a log, and writes a function's log only when the invocation is over: an alarm on what a function prints for
a minute would be a minute late. The account and region are those of the function's ARN.
"""
import contextvars
import logging
import time

from ministack.core import lambda_runtime
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import cloudwatch as cw

from . import emf

logger = logging.getLogger("mainstay.metric_lines")

_pump = lambda_runtime.ProvidedWorker._pump_output


def install():
    lambda_runtime.ProvidedWorker._pump_output = pump


def pump(worker, stream, log_queue):
    _pump(worker, stream, Read(log_queue, worker.config))


class Read:
    """The queue of a function's lines, each read before it is queued."""

    def __init__(self, queue, config):
        self._queue = queue
        self._config = config

    def put_nowait(self, line):
        self._queue.put_nowait(line)  # a full queue is tried again with the same line: read it once
        contextvars.Context().run(_read, self._config, line)

    def get_nowait(self):
        return self._queue.get_nowait()


def _read(config, line):
    try:
        found = emf.datapoints(line, time.time())
        if found:
            _, _, _, _, region, account, *_ = f":{config['FunctionArn']}".split(":")
            set_request_account_id(account)
            set_request_region(region)
        for namespace, name, dimensions, at, unit, values in found:
            for value in values:
                cw._store_datum(namespace, name, dimensions, at, unit, value, None, None, None)
    except emf.Invalid as why:
        logger.warning("%s: no metrics of a line: %s", config.get("FunctionName"), why)
    except Exception:
        # The function's log must go on, or the function stops at a full pipe.
        logger.exception("%s: a line could not be read", config.get("FunctionName"))
