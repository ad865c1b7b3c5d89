"""The tables of the CloudWatch user guide, "How alarm state is evaluated when data is missing"."""
import importlib.util
import pathlib
import unittest

HOOKS = pathlib.Path(__file__).parent.parent / "mainstay_hooks"


def load(name):
    spec = importlib.util.spec_from_file_location(name, HOOKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


verdict = load("verdict")
math = load("metric_math")
NOW = "the present state"


def state(text, needed, missing, of=3):
    cells = [{"0": False, "X": True, "-": None}[mark] for mark in text.split()]
    return verdict.state(cells, needed, of, missing, NOW)


class Tables(unittest.TestCase):
    def check(self, text, needed, missing, ignore, breaching, not_breaching):
        for treat, expected in (("missing", missing), ("ignore", ignore), ("breaching", breaching),
                                ("notBreaching", not_breaching)):
            with self.subTest(cells=text, treat=treat):
                self.assertEqual(state(text, needed, treat), expected)

    def test_three_of_three(self):
        self.check("0 - X - X", 3, "OK", "OK", "OK", "OK")
        self.check("0 - - - -", 3, "OK", "OK", "OK", "OK")
        self.check("- - - - -", 3, "INSUFFICIENT_DATA", NOW, "ALARM", "OK")
        self.check("0 X X - X", 3, "ALARM", "ALARM", "ALARM", "ALARM")
        self.check("- - X - -", 3, "ALARM", NOW, "ALARM", "OK")

    def test_two_of_three(self):
        self.check("0 - X - X", 2, "ALARM", "ALARM", "ALARM", "ALARM")
        self.check("0 0 X 0 X", 2, "ALARM", "ALARM", "ALARM", "ALARM")
        self.check("0 - X - -", 2, "OK", "OK", "ALARM", "OK")
        self.check("- - - - 0", 2, "OK", "OK", "ALARM", "OK")
        self.check("- - - X -", 2, "ALARM", NOW, "ALARM", "OK")

    def test_silence_counts_once_the_whole_range_lacks_good_data(self):
        self.assertEqual(state("0 0 - -", 2, "breaching", of=2), "OK")
        self.assertEqual(state("0 - - -", 2, "breaching", of=2), "OK")
        self.assertEqual(state("- - - -", 2, "breaching", of=2), "ALARM")


class Math(unittest.TestCase):
    TIMES = [0, 60, 120]

    def value(self, expression, **series):
        return math.evaluate(expression, series, self.TIMES, 60)

    def test_arithmetic_is_done_where_both_have_data(self):
        self.assertEqual(self.value("100 * errors / calls", errors={0: 1, 60: 2}, calls={0: 10, 120: 5}), {0: 10})
        self.assertEqual(self.value("-(m1 + 1) ^ 2", m1={0: 2}), {0: -9})

    def test_a_division_by_zero_has_no_value(self):
        self.assertEqual(self.value("a / b", a={0: 1, 60: 1}, b={0: 0, 60: 2}), {60: 0.5})

    def test_fill(self):
        self.assertEqual(self.value("FILL(m1, 0)", m1={60: 3}), {0: 0, 60: 3, 120: 0})
        self.assertEqual(self.value("FILL(m1, REPEAT)", m1={60: 3}), {60: 3, 120: 3})

    def test_if_and_logic(self):
        self.assertEqual(self.value("IF(m1 > 5 && m1 < 50, 1, 0)", m1={0: 4, 60: 9}), {0: 0, 60: 1})
        self.assertEqual(self.value("IF(m1 >= 1 OR m1 < 0, m1)", m1={0: 0, 60: 9}), {60: 9})

    def test_folds(self):
        self.assertEqual(self.value("SUM(METRICS())", a={0: 1, 60: 2}, b={0: 3}), {0: 4, 60: 2})
        self.assertEqual(self.value("MAX([a, b])", a={0: 1}, b={0: 3}), {0: 3})
        self.assertEqual(self.value("a - AVG(a)", a={0: 1, 60: 3}), {0: -1, 60: 1})

    def test_what_is_unknown_is_named(self):
        for expression, name in (("ANOMALY_DETECTION_BAND(m1, 2)", "ANOMALY_DETECTION_BAND"), ("m2 + 1", "m2"),
                                 ("FILL(m1, LINEAR)", "LINEAR"), ("m1 +", "can't be read")):
            with self.subTest(expression), self.assertRaisesRegex(math.Unknown, name):
                self.value(expression, m1={0: 1})


if __name__ == "__main__":
    unittest.main()
