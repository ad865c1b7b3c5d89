"""Starts ministack with what it lacks and Mainstay needs.

`python hook.py` is `python -m ministack` with the hooks of `mainstay_hooks` in place. The hooks replace private
names of one exact version (requirements.txt); each has a smoke test in crates/drill/src/cloud/tests.
"""
import runpy

from mainstay_hooks import lifeline

lifeline.hold()  # before the slow imports: a parent that dies early takes us along

from mainstay_hooks import (  # noqa: E402
    alarms, events, executions, invocations, metric_lines, metrics, mutes, schedules, streams, templates,
)

for hook in (
    alarms, events, executions, invocations, metric_lines, metrics, mutes, schedules, streams, templates,
):
    hook.install()

runpy.run_module("ministack", run_name="__main__", alter_sys=True)
