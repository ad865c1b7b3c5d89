"""Writes what is asked of alarm-handler, and reads what it answers (the keys: crates/alarm-handler/src/reply.rs).

    door.py ask-failover            the request, from DATABASE, REASON, ACTOR and DRY_RUN
    door.py ask-status INCIDENT     the request

With an answer on standard input:
    door.py decision | reason | command | incident | error    one text of it
    door.py found | closing | newest | objective | table      of the incident in an answer to `status`
    door.py lines-after N                                     its timeline after event N
    door.py markdown                                          any text, made harmless

Everything in an answer came from outside: it is bounded, and nothing in it can become a workflow command, markup or
a table's border.
"""

import json
import os
import re
import sys

MOST_CHARACTERS = 400


def plain(value):
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    text = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 1] + "…"


def markdown(value):
    return re.sub(r"[\\`*_{}\[\]<>()#+!|~&$@:]", lambda c: f"&#{ord(c.group())};", plain(value))


def member(value, key):
    return value.get(key) if isinstance(value, dict) else None


def timeline(answer):
    return member(member(answer, "incident"), "timeline") or []


def objective(answer):
    seconds = member(member(answer, "incident"), "rto_s")
    return f"From the fault to healthy again: {round(seconds)} s." if seconds else ""


READINGS = {
    "decision": lambda a: plain(member(a, "decision")),
    "reason": lambda a: plain(member(a, "reason")),
    "command": lambda a: plain(member(a, "command")),
    "incident": lambda a: plain(member(a, "incident")),
    "error": lambda a: plain(member(a, "errorMessage") or a),
    "found": lambda a: "true" if isinstance(member(a, "incident"), dict) else "false",
    "closing": lambda a: plain(member(member(a, "incident"), "closing")),
    "newest": lambda a: str(max((moment["sequence"] for moment in timeline(a)), default=0)),
    "objective": objective,
    "table": lambda a: "\n".join(
        f"| {m['sequence']} | {markdown(m['at'])} | {markdown(m['what'])} |" for m in timeline(a)
    ),
}


def ask_failover():
    return {
        "mainstay": "failover",
        "database": os.environ["DATABASE"],
        "reason": os.environ["REASON"],
        "by": os.environ["ACTOR"],
        "dry_run": os.environ["DRY_RUN"] == "true",
    }


def ask_status(incident):
    return {"mainstay": "status", "incident": incident}


def given():
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def answer():
    text = given()
    try:
        return json.loads(text)
    except ValueError:
        return text


def lines_after(seen):
    news = [moment for moment in timeline(answer()) if moment["sequence"] > int(seen)]
    return "\n".join(f"{plain(moment['at'])}  {plain(moment['what'])}" for moment in news)


def main(what, *arguments):
    if what == "ask-failover":
        return json.dumps(ask_failover())
    if what == "ask-status":
        return json.dumps(ask_status(*arguments))
    if what == "markdown":
        return markdown(given().rstrip("\n"))
    if what == "lines-after":
        return lines_after(*arguments)
    return READINGS[what](answer())


sys.stdout.reconfigure(encoding="utf-8")
said = main(*sys.argv[1:])
if said:
    print(said)
