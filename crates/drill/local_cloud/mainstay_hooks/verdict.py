"""What an alarm says of its datapoints, as CloudWatch documents it. Pure.

Source: CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data". An alarm looks at more periods
than it evaluates (the evaluation range), so that a late datapoint is not a missing one. The guide's examples look at
five periods for three; AWS publishes no other number, so the two extra periods are used for all alarms. Silence
therefore counts only once the whole range has fewer real datapoints than the alarm needs.
"""

EXTRA_PERIODS = 2

COMPARE = {
    "GreaterThanOrEqualToThreshold": (lambda v, t: v >= t, "greater than or equal to"),
    "GreaterThanThreshold": (lambda v, t: v > t, "greater than"),
    "LessThanThreshold": (lambda v, t: v < t, "less than"),
    "LessThanOrEqualToThreshold": (lambda v, t: v <= t, "less than or equal to"),
}


def state(cells, needed, of, missing, now):
    """The alarm's state: `cells` are the periods of the evaluation range, oldest first: True (breaching), False or
    None (missing). `needed` of `of` must breach. `missing` is TreatMissingData. `now` is the present state."""
    real = [cell for cell in cells if cell is not None]
    if len(real) >= of:
        return "ALARM" if sum(real[-of:]) >= needed else "OK"
    breaching = sum(real)
    if breaching >= needed:
        return "ALARM"
    if missing == "breaching":
        return "ALARM" if breaching + of - len(real) >= needed else "OK"
    if missing == "notBreaching":
        return "OK"
    if not real:
        return now if missing == "ignore" else "INSUFFICIENT_DATA"
    if not all(real):
        return "OK"
    # Nothing but breaching datapoints, yet too few. The guide: the alarm goes off all the same once the oldest of
    # them is as old as the number that is needed, since whatever came after it cannot have been good.
    age = len(cells) - cells.index(True)
    return "ALARM" if missing == "missing" and age >= needed else now


def reason(points, needed, of, missing, comparison, threshold, old, new):
    """The sentence that CloudWatch gives as the reason. `points` are (time text, value) of the real datapoints."""
    if new == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {of} datapoints were unknown."
    word = COMPARE.get(comparison, (None, comparison))[1]
    shown = ", ".join(f"{value} ({at})" for at, value in points[-of:])
    plural = "datapoint" if needed == 1 else "datapoints"
    if not points:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}.get(missing, "Missing")
        return (f"Threshold Crossed: no datapoints were received for {of} periods and {of} missing datapoints were "
                f"treated as [{treated}].")
    count = len(points[-of:])
    verb = "was" if count == 1 else "were"
    crossed = f"{verb} {word}" if new == "ALARM" else f"{verb} not {word}"
    return (f"Threshold Crossed: {count} out of the last {of} datapoints [{shown}] {crossed} the threshold "
            f"({threshold}) (minimum {needed} {plural} for {old} -> {new} transition).")
