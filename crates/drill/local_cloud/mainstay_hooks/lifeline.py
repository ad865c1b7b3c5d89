"""The local cloud ends with the process that started it, however that one ends.

Standard input is a pipe that only the parent holds. When it closes, this process and the functions it started,
which are one process group, are killed. A `k` on it means keep: from then on the cloud outlives its parent.
"""
import os
import signal
import sys
import threading


def hold():
    threading.Thread(target=_wait, daemon=True, name="lifeline").start()


def _wait():
    if sys.stdin.buffer.read(1) != b"k":
        os.killpg(os.getpgrp(), signal.SIGKILL)
