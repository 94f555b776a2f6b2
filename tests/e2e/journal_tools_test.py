#!/usr/bin/python3
"""A journal at rest, by the command line: a replay from anywhere is a part of the whole one, and readers that
retention waits for are shown and forgotten."""
import json
import os
import tempfile
import unittest

from exchange_process import run


class JournalTools(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-tools-")
        day = os.path.join(cls.folder.name, "day.itch")
        cls.journal = os.path.join(cls.folder.name, "journal")
        run("generate", "itch", "-o", day, "--messages", "20000", "--symbols", "10", check=0)
        run("import", "itch", day, "--date", "2026-01-05", "--journal", cls.journal, check=0)
        _, out, _ = run("replay", cls.journal, "--format", "csv", check=0)
        cls.head, *cls.rows = out.splitlines()
        cls.last = int(cls.rows[-1].split(",")[0])

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def replay(self, *arguments):
        _, out, _ = run("replay", self.journal, "--format", "csv", *arguments, check=0)
        head, *rows = out.splitlines()
        self.assertEqual(head, self.head)
        return rows

    def between(self, first, last):
        return [row for row in self.rows if first <= int(row.split(",")[0]) <= last]

    def test_a_replay_from_anywhere_is_a_part_of_the_whole_one(self):
        for first in (1, 2, 7, 500, self.last // 2, self.last - 1, self.last):
            self.assertEqual(self.replay("--from", str(first), "--to", str(first + 20)), self.between(first, first + 20))

    def test_times_are_as_good_as_sequences(self):
        middle = self.between(self.last // 2, self.last // 2)[0].split(",")
        same = [row for row in self.rows if row.split(",")[1] == middle[1]]
        self.assertEqual(self.replay("--from-ts", middle[1], "--to-ts", middle[1]), same)
        code, _, why = run("replay", self.journal, "--from-ts", middle[1], "--from", "5")
        self.assertEqual(code, 2, why)
        code, _, why = run("replay", self.journal, "--from-ts", "yesterday")
        self.assertEqual(code, 2)
        self.assertIn("is no time", why)
        code, _, why = run("replay", self.journal, "--from-ts", middle[1], "--to-ts", str(int(middle[1]) - 10**12))
        self.assertEqual(code, 2, why)

    def test_what_is_no_sequence_is_refused_and_no_other_one_taken(self):
        for what in ("-5", "-1", "18446744073709551616", "1e3", "x"):
            for command in (("replay", self.journal, "--from", what), ("replay", self.journal, "--to", what),
                            ("book", "AAAA", "--journal", self.journal, "--at-seq", what)):
                code, out, why = run(*command)
                self.assertEqual((code, out), (2, ""), command)
                self.assertIn(f"'{what}' is no whole number", why)

    def test_registered_readers_are_shown_and_forgotten(self):
        _, out, _ = run("journal", "readers", self.journal, check=0)
        self.assertIn("none is registered", out)
        readers = os.path.join(self.journal, "readers")
        os.mkdir(readers)
        for name, needs in (("archive", "1000\n"), ("nightly", "no number")):
            with open(os.path.join(readers, name), "w", encoding="utf-8") as file:
                file.write(needs)
        _, out, _ = run("journal", "readers", self.journal, "--format", "json", check=0)
        told = {line["reader"]: line for line in map(json.loads, out.splitlines())}
        self.assertEqual(told["archive"], {"reader": "archive", "needs": 1000, "behind": self.last - 999, "is_there": True})
        self.assertEqual(told["nightly"]["needs"], 1)
        code, _, why = run("journal", "readers", self.journal, "--forget", "archiv")
        self.assertEqual(code, 2)
        self.assertIn("did you mean archive?", why)
        run("journal", "readers", self.journal, "--forget", "archive", check=0)
        self.assertEqual(os.listdir(readers), ["nightly"])


if __name__ == "__main__":
    unittest.main()
