"""CloudWatch's embedded metric format: the datapoints in a line of a log. Pure.

Source: CloudWatch user guide, "Specification: Embedded metric format".
"""
import json

MOST_DIMENSIONS = 30
MOST_VALUES = 100
# CloudWatch takes datapoints of the last two weeks and the next two hours.
OLDEST_S = 14 * 24 * 3600
NEWEST_S = 2 * 3600


class Invalid(Exception):
    """Why CloudWatch makes no metrics of a line that asks for some."""


def datapoints(line, now):
    """(namespace, metric, dimensions, seconds since 1970, unit, values) of each metric and each set of dimensions; none
    for a line that is no such document."""
    if '"_aws"' not in line:
        return []
    try:
        root = json.loads(line)
    except ValueError:
        return []
    meta = root.get("_aws") if isinstance(root, dict) else None
    if not isinstance(meta, dict) or "CloudWatchMetrics" not in meta:
        return []
    at = meta.get("Timestamp")
    if not _number(at):
        raise Invalid("Timestamp is no number")
    at = at / 1000
    if not now - OLDEST_S <= at <= now + NEWEST_S:
        raise Invalid(f"Timestamp {at} is too old or too far ahead")
    found = []
    for directive in _list(meta, "CloudWatchMetrics"):
        namespace = directive.get("Namespace")
        if not isinstance(namespace, str) or not namespace:
            raise Invalid("Namespace is missing")
        for names in _list(directive, "Dimensions"):
            dimensions = {name: _dimension(root, name) for name in names}
            if len(dimensions) > MOST_DIMENSIONS:
                raise Invalid(f"more than {MOST_DIMENSIONS} dimensions")
            for metric in _list(directive, "Metrics"):
                resolution = metric.get("StorageResolution", 60)
                if resolution not in (1, 60):
                    raise Invalid(f"StorageResolution is {resolution}")
                # Of a metric with the standard resolution only the minute is kept.
                kept = at if resolution == 1 else at // 60 * 60
                values = _values(root, metric.get("Name"))
                found.append((namespace, metric["Name"], dimensions, kept, metric.get("Unit", "None"), values))
    return found


def _list(holder, name):
    members = holder.get(name)
    if not isinstance(members, list):
        raise Invalid(f"{name} is no list")
    return members


def _dimension(root, name):
    value = root.get(name)
    if not isinstance(value, str):
        raise Invalid(f"the dimension {name} is no text at the top of the line")
    return value


def _values(root, name):
    values = root.get(name)
    values = values if isinstance(values, list) else [values]
    if not 0 < len(values) <= MOST_VALUES or not all(_number(value) for value in values):
        raise Invalid(f"the metric {name} is no number at the top of the line")
    return values


def _number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
