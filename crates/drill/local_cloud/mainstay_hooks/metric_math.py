"""Metric math, as far as alarms on databases and services use it. Pure.

A value is a number, a series (a dict from a period's start to a number) or a list of series. Known: numbers, ids,
`+ - * / ^`, comparisons, `&&`, `||`, AND, OR, ABS, AVG, CEIL, FILL (a number or REPEAT), FLOOR, IF, MAX, METRICS,
MIN, PERIOD, SUM. Anything else raises `Unknown`, whose text says what.
Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics".
"""
import ast
import math
import operator
import re


class Unknown(Exception):
    """The expression uses something that is not known here."""


BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Eq: lambda a, b: float(a == b), ast.NotEq: lambda a, b: float(a != b),
    ast.Lt: lambda a, b: float(a < b), ast.LtE: lambda a, b: float(a <= b),
    ast.Gt: lambda a, b: float(a > b), ast.GtE: lambda a, b: float(a >= b),
    ast.And: lambda a, b: float(bool(a) and bool(b)), ast.Or: lambda a, b: float(bool(a) or bool(b)),
}
FOLD = {"SUM": sum, "MIN": min, "MAX": max, "AVG": lambda values: sum(values) / len(values)}
EACH = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


def evaluate(expression, series, times, period):
    """The value of `expression`. `series` maps ids to series, `times` are the starts of all periods looked at."""
    text = expression.replace("&&", " and ").replace("||", " or ").replace("^", "**")
    text = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", text))
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise Unknown(f"{expression!r} can't be read: {error.msg}") from error
    return _Evaluation(series, times, period).of(tree.body)


class _Evaluation:
    def __init__(self, series, times, period):
        self.series, self.times, self.period = series, times, period

    def of(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            if node.id not in self.series:
                raise Unknown(f"no metric has the id {node.id}")
            return self.series[node.id]
        if isinstance(node, ast.List):
            return [self.of(element) for element in node.elts]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _pairwise(operator.mul, -1.0, self.of(node.operand))
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return _pairwise(BINARY[type(node.op)], self.of(node.left), self.of(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in BINARY:
            return _pairwise(BINARY[type(node.ops[0])], self.of(node.left), self.of(node.comparators[0]))
        if isinstance(node, ast.BoolOp):
            value = self.of(node.values[0])
            for other in node.values[1:]:
                value = _pairwise(BINARY[type(node.op)], value, self.of(other))
            return value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self.call(node.func.id, node.args)
        raise Unknown(f"{ast.unparse(node)} is not known here")

    def call(self, name, arguments):
        if name == "FILL" and len(arguments) == 2:
            return self.fill(self.of(arguments[0]), arguments[1])
        values = [self.of(argument) for argument in arguments]
        if name == "METRICS" and not values:
            return list(self.series.values())
        if name == "PERIOD":
            return float(self.period)
        if name in FOLD and values:
            return _fold(FOLD[name], values[0] if len(values) == 1 else values)
        if name in EACH and len(values) == 1:
            return _pairwise(lambda a, _: float(EACH[name](a)), values[0], 0.0)
        if name == "IF" and len(values) in (2, 3):
            return self.choose(values[0], values[1], values[2] if len(values) == 3 else {})
        raise Unknown(f"the function {name} is not known here")

    def fill(self, series, filler):
        if not isinstance(series, dict):
            raise Unknown("FILL of something that is not one series")
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            filled, last = {}, None
            for at in self.times:
                last = series.get(at, last)
                if last is not None:
                    filled[at] = last
            return filled
        if isinstance(filler, ast.Name) and filler.id not in self.series:
            raise Unknown(f"FILL with {filler.id} is not known here")
        by = self.of(filler)
        return {at: series[at] if at in series else _at(by, at) for at in self.times
                if at in series or _at(by, at) is not None}

    def choose(self, condition, then, otherwise):
        picked = {}
        for at in self.times:
            holds = _at(condition, at)
            value = None if holds is None else _at(then if holds else otherwise, at)
            if value is not None:
                picked[at] = value
        return picked


def _at(value, at):
    return value.get(at) if isinstance(value, dict) else value


def _pairwise(function, left, right):
    """The function of two values; of series, only where both have a datapoint. A division by zero has no value."""
    if isinstance(left, list) or isinstance(right, list):
        several = left if isinstance(left, list) else right
        return [_pairwise(function, *((one, right) if several is left else (left, one))) for one in several]
    if not isinstance(left, dict) and not isinstance(right, dict):
        return function(left, right)
    times = left.keys() if isinstance(left, dict) else right.keys()
    result = {}
    for at in times:
        a, b = _at(left, at), _at(right, at)
        if a is None or b is None:
            continue
        try:
            result[at] = function(a, b)
        except ZeroDivisionError:
            continue
    return result


def _fold(function, value):
    """Over an array of series: point by point. Over one series: one number."""
    if isinstance(value, dict):
        return function(list(value.values())) if value else {}
    if not isinstance(value, list):
        return value
    times = sorted({at for one in value if isinstance(one, dict) for at in one})
    folded = {}
    for at in times:
        present = [v for v in (_at(one, at) for one in value) if v is not None]
        if present:
            folded[at] = function(present)
    return folded
