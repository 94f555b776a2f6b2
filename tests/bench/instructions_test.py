#!/usr/bin/python3
"""The gate of instruction counts: what it reads, what it calls off, and what it writes."""
import os
import sys
import unittest

SOURCE = os.environ["BOURSE_SOURCE_DIR"]
sys.path.insert(0, os.path.join(SOURCE, "bench"))
import instructions  # noqa: E402

ANNOTATED = """--------------------------------------------------------------------------------
Ir
--------------------------------------------------------------------------------
9,000,000 (100.0%)  PROGRAM TOTALS

7,190,000 (79.89%)  ???:counted_full_add [/x/bourse_challenge]
  600,000 ( 6.66%)  bench/challenge/challenge_counts.cpp:counted_full_add [/x/bourse_challenge]
2,430,000 (27.00%)  ???:counted_matcher_cancel [/x/bourse_challenge]
1,000,000 (11.11%)  ???:bourse::Engine::apply(bourse::Command const&)
"""


def off(known, found):
    return [line.split()[0] for line, is_off in instructions.compare(known, found) if is_off]


class Gate(unittest.TestCase):
    def test_counts_are_the_inclusive_ones(self):
        self.assertEqual(instructions.annotated(ANNOTATED), {"full_add": 7_190_000, "matcher_cancel": 2_430_000})

    def test_two_percent_either_way_is_the_bound(self):
        self.assertEqual(off({"a": 100.0}, {"a": 101.9}), [])
        self.assertEqual(off({"a": 100.0}, {"a": 98.1}), [])
        self.assertEqual(off({"a": 100.0}, {"a": 102.1}), ["a"])
        self.assertEqual(off({"a": 100.0}, {"a": 97.9}), ["a"])

    def test_an_operation_that_is_new_or_gone_is_off(self):
        self.assertEqual(off({"a": 1.0, "b": 1.0}, {"b": 1.0, "c": 1.0}), ["a", "c"])

    def test_what_it_writes_it_reads(self):
        counts = {"full_add": 719.0, "matcher_cancel": 243.5}
        self.assertEqual(instructions.read_counts(instructions.write_counts("GNU 12.2.0 -march=x", counts)),
                         ("GNU 12.2.0 -march=x", counts))

    def test_the_counts_that_are_checked_in_can_be_read(self):
        with open(instructions.COUNTS, encoding="utf-8") as file:
            build, counts = instructions.read_counts(file.read())
        self.assertIn("GNU", build)
        for name in ("matcher_add", "full_execute", "frame_encode", "log_append", "crc32c_4k", "control_json"):
            self.assertIn(name, counts)


if __name__ == "__main__":
    unittest.main(verbosity=1)
