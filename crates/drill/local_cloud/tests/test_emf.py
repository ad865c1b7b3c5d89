"""The embedded metric format, as the specification has it."""
import json
import unittest

from .test_verdict import load

emf = load("emf")
NOW = 1_772_359_215.0
AT = 1_772_359_210_250


def line(metrics=({"Name": "ProbeSuccess", "Unit": "Count", "StorageResolution": 1},), dimensions=(("Database",),),
         at=AT, **members):
    directive = {"Namespace": "Mainstay", "Dimensions": [list(d) for d in dimensions], "Metrics": list(metrics)}
    root = {"_aws": {"Timestamp": at, "CloudWatchMetrics": [directive]}, "Database": "orders", "ProbeSuccess": 1}
    return json.dumps({**root, **members})


class Emf(unittest.TestCase):
    def test_a_metric_is_made_for_each_set_of_dimensions_at_the_lines_own_time(self):
        two = line(dimensions=(("Database",), ("Database", "Zone")), Zone="a")
        expected = [("Mainstay", "ProbeSuccess", dimensions, AT / 1000, "Count", [1])
                    for dimensions in ({"Database": "orders"}, {"Database": "orders", "Zone": "a"})]
        self.assertEqual(emf.datapoints(two, NOW), expected)

    def test_each_directive_has_dimensions_and_metrics_of_its_own(self):
        root = json.loads(line(AnswerMs=2.5, Server="orders-2", metrics=(
            {"Name": "ProbeSuccess", "StorageResolution": 1}, {"Name": "AnswerMs", "StorageResolution": 1})))
        by_server = {"Namespace": "Mainstay", "Dimensions": [["Database", "Server"]],
                     "Metrics": [{"Name": "ProbeSuccess", "StorageResolution": 1}]}
        root["_aws"]["CloudWatchMetrics"].append(by_server)
        found = [(name, dimensions, values) for _, name, dimensions, _, _, values in emf.datapoints(json.dumps(root), NOW)]
        self.assertEqual(found, [
            ("ProbeSuccess", {"Database": "orders"}, [1]), ("AnswerMs", {"Database": "orders"}, [2.5]),
            ("ProbeSuccess", {"Database": "orders", "Server": "orders-2"}, [1])])

    def test_the_standard_resolution_keeps_only_the_minute(self):
        (_, _, _, at, unit, _), = emf.datapoints(line(metrics=({"Name": "ProbeSuccess"},)), NOW)
        self.assertEqual((at, unit), (AT // 60_000 * 60.0, "None"))

    def test_a_metric_may_have_several_values(self):
        (*_, values), = emf.datapoints(line(ProbeSuccess=[1, 0, 0.5]), NOW)
        self.assertEqual(values, [1, 0, 0.5])

    def test_other_lines_are_no_metrics(self):
        for text in ("", "START", '{"_aws"', '"_aws"', '{"_aws": {}}', '{"level": "INFO", "_aws": 7}', '["_aws"]'):
            self.assertEqual(emf.datapoints(text, NOW), [], text)

    def test_a_line_that_asks_for_the_impossible_says_why(self):
        for text, why in (
            (line(Database=7), "Database"), (line(dimensions=(("Zone",),)), "Zone"),
            (line(ProbeSuccess="1"), "ProbeSuccess"), (line(ProbeSuccess=True), "ProbeSuccess"),
            (line(ProbeSuccess=[]), "ProbeSuccess"), (line(ProbeSuccess=[1] * 101), "ProbeSuccess"),
            (line(at="now"), "Timestamp"), (line(at=AT // 1000), "too old"), (line(at=AT + 7_300_000), "too far"),
            (line(metrics=({"Name": "ProbeSuccess", "StorageResolution": 5},)), "StorageResolution"),
            (line().replace('"Namespace": "Mainstay"', '"Namespace": ""'), "Namespace"),
        ):
            with self.assertRaises(emf.Invalid, msg=text) as raised:
                emf.datapoints(text, NOW)
            self.assertIn(why, str(raised.exception))


if __name__ == "__main__":
    unittest.main()
