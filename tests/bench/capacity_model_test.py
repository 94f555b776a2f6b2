#!/usr/bin/python3
"""The capacity model: its formulas agree with its simulation, and it answers as one would expect."""
import os
import re
import sys
import unittest
from dataclasses import replace

SOURCE = os.environ["BOURSE_SOURCE_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "bench"))
import capacity_model as model  # noqa: E402

SEED = int(os.environ.get("BOURSE_TEST_SEED", "7"))
GATEWAY, AUDIENCE = model.Gateway(), model.Audience()


class CapacityModel(unittest.TestCase):
    def test_the_formulas_agree_with_the_simulation(self):
        self.assertEqual(model.check(SEED), 0, f"seed {SEED}")

    def test_a_round_lasts_as_long_as_what_is_sent_in_it(self):
        for subscribers in (2000, 5000, 9000):
            turn = model.turn_seconds(GATEWAY, subscribers, 50, 20_000)
            events = subscribers * 50 * turn
            records = subscribers * (1 - model.math.exp(-50 * turn))
            work = (records * GATEWAY.write_ns + events * GATEWAY.event_ns + 20_000 * turn * GATEWAY.encode_ns) * 1e-9
            self.assertAlmostEqual(work / turn, 1, places=3)

    def test_more_of_anything_needs_no_fewer_gateways(self):
        base = model.plan(GATEWAY, AUDIENCE)["machines"]
        for more in ({"subscribers": 2e6}, {"wanted": 10}, {"burst": 40}, {"rate": 40_000}, {"late_s": 0.1}):
            self.assertGreaterEqual(model.plan(GATEWAY, replace(AUDIENCE, **more))["machines"], base, more)

    def test_a_market_that_no_core_can_follow_has_no_plan(self):
        self.assertEqual(model.plan(GATEWAY, replace(AUDIENCE, rate=2e6))["machines"], model.math.inf)

    def test_what_runs_out_first_is_named(self):
        self.assertEqual(model.plan(replace(GATEWAY, network_bits=1e8), AUDIENCE)["first"], "network")
        self.assertEqual(model.plan(replace(GATEWAY, memory_bytes=1e9), AUDIENCE)["first"], "memory")

    def test_the_table_of_the_document_is_that_of_the_model(self):
        with open(os.path.join(SOURCE, "docs/SCALE.md"), encoding="utf-8") as file:
            text = file.read()
        rows = re.findall(r"^\| (?:1 M|the same|10,000)[^|]*\|[^|]*\| ([\d,]+) \| ([\d,]+) \| (\w+) \| (\d+) \|", text, re.M)
        desk = replace(AUDIENCE, conflate_s=0, rate=2000, wanted=20, subscribers=1e4)
        asked = [AUDIENCE, replace(AUDIENCE, burst=40), replace(AUDIENCE, conflate_s=1.0), replace(AUDIENCE, wanted=50),
                 desk, replace(desk, burst=40)]
        self.assertEqual(len(rows), len(asked))
        for row, audience in zip(rows, asked):
            p = model.plan(GATEWAY, audience)
            told = tuple(int(n.replace(",", "")) for n in row[:2])
            self.assertEqual((*told, row[2], int(row[3])),
                             (round(p["per core"]), round(p["holds"]), p["first"], p["machines"]))


if __name__ == "__main__":
    unittest.main()
