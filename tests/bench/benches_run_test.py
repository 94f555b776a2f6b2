#!/usr/bin/python3
"""The benches of matching run and say what they promise, on streams so small that their figures mean nothing.

No figure is judged here: only that nothing is refused, torn, lost or different from one run to the next."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

FOLDER = os.path.join(os.environ["BOURSE_BINARY_DIR"], "bench")
SHAPES = ("static", "normal", "swing-25", "swing-40", "flash-crash", "leaps", "thin", "deep", "wide-ids")


def run(name, *arguments):
    return subprocess.run([os.path.join(FOLDER, name), *arguments], capture_output=True, text=True, timeout=250)


class Benches(unittest.TestCase):
    def said(self, name, *arguments):
        done = run(name, *arguments)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertTrue(done.stdout.startswith("machine ") or "--count" in arguments, done.stdout)
        return done.stdout

    def test_the_challenge_runs_every_shape_twice_alike(self):
        text = self.said("bourse_challenge", "--orders", "2000", "--runs", "2", "--percentiles")
        for shape in SHAPES:
            self.assertRegex(text, rf"(?m)^{shape} .*\d\.\d \(")
            for message in ("new", "cancel", "modify"):
                self.assertRegex(text, rf"(?m)^{shape} +matcher +{message} ")
                self.assertRegex(text, rf"(?m)^{shape} +full path +{message} ")
        self.assertIn("worst of the challenge's shapes", text)

    def test_one_shape_can_be_asked_for(self):
        text = self.said("bourse_challenge", "--orders=2000", "--runs=1", "--shape=deep")
        self.assertNotIn("flash-crash", text)

    def test_memory_is_told_per_order_and_per_instrument(self):
        text = self.said("bourse_challenge", "--memory", "--resting", "50000", "--symbols", "100")
        self.assertIn("per resting order", text)
        self.assertIn("per instrument", text)

    def test_every_counted_operation_does_one_thing(self):
        text = self.said("bourse_challenge", "--count", "200")
        self.assertEqual(text, "add 200 cancel 200 execute 200\n")

    def test_the_pipeline_gives_back_every_command(self):
        text = self.said("bourse_pipeline_bench", "--rate", "10000", "--seconds", "1", "--runs", "1")
        self.assertIn("10000 samples a run", text)
        for row in ("p50", "p99.99", "max"):
            self.assertRegex(text, rf"(?m)^  {re.escape(row)} +\d+ ")
        self.assertIn("reached ", text)

    def test_the_view_is_never_torn(self):
        text = self.said("bourse_view_bench", "--values", "20000", "--runs", "1")
        self.assertIn("writer alone", text)
        self.assertIn("reader backs off", text)

    def test_the_books_of_an_itch_day_end_as_those_of_the_twin(self):
        text = self.said("bourse_itch_bench", "--messages", "20000", "--runs", "1", "--stocks", "40")
        for row in ("parse", "parse, books", "twin without queues", "parse, books, events"):
            self.assertRegex(text, rf"(?m)^40 stocks, {row} +\d")
        self.assertRegex(text, r"(?m)^40 stocks, books .* of the twin's rate")

    def test_the_past_is_restored_alike_with_and_without_a_snapshot(self):
        with tempfile.TemporaryDirectory(prefix="bourse-history-") as folder:
            text = self.said("bourse_history_bench", "--transactions", "5000", "--symbols", "3", "--queries", "20",
                             "--directory", os.path.join(folder, "log"))
        for row in ("restored from the whole log", "restored from it and the rest", "book at any sequence"):
            self.assertIn(row, text)

    def test_what_is_not_understood_is_told_and_nothing_is_run(self):
        for name in ("bourse_challenge", "bourse_pipeline_bench", "bourse_view_bench"):
            done = run(name, "--runs", "many")
            self.assertEqual(done.returncode, 2)
            self.assertIn("--runs needs a whole number", done.stderr)
            self.assertIn("usage: ", run(name, "--help").stdout)


if __name__ == "__main__":
    if not os.path.exists(os.path.join(FOLDER, "bourse_challenge")):
        print("the benches are not built here")
        sys.exit(77)
    unittest.main(verbosity=1)
