#!/usr/bin/python3
"""The benches of matching run and say what they promise, on streams so small that their figures mean nothing.

No figure is judged here: only that nothing is refused, torn, lost or different from one run to the next."""
import json
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

    def test_every_stage_that_is_counted_runs(self):
        self.assertEqual(self.said("bourse_counted", "--count", "50"), "7 operations, 50 times each\n")

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

    def bench(self, *arguments, code=0):
        """`bourse bench ... --quick`, and the folder with its report."""
        with tempfile.TemporaryDirectory(prefix="bourse-bench-") as folder:
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", *arguments, "--quick", "--out", folder],
                                  capture_output=True, text=True, timeout=250)
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                report = json.load(file)
            with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
                self.assertIn("</html>", file.read())
            for section in report["sections"]:
                self.assertTrue(section["mix"] and section["left_out"], section["name"])
                for row in section["rows"]:
                    self.assertTrue(row["count"] > 0 and row["runs"], row["name"])
            files = os.listdir(folder)
        self.assertIn("clock source", done.stdout)
        return done.stdout, report, files

    def test_the_suite_of_the_book_has_its_twin_and_its_files(self):
        text, report, files = self.bench("book", "--rate", "10000,20000")
        self.assertIn("book-engine-10000.hgrm", files)
        self.assertIn("book.svg", files)
        section, = report["sections"]
        self.assertEqual([row["rate_asked"] for row in section["rows"]], [10000, 10000, 20000, 20000])
        self.assertEqual([row["is_twin"] for row in section["rows"]], [False, True, False, True])
        self.assertTrue(section["figures"][0]["twin_runs"])
        self.assertIn("seed 23", text)

    def test_the_suite_of_the_log_has_stages_and_the_disk_as_its_twin(self):
        text, report, _ = self.bench("log", "--rate", "5000")
        section, = report["sections"]
        self.assertEqual([row["name"] for row in section["rows"] if not row["is_twin"]],
                         ["memory 5,000/s", "disk 5,000/s"])
        self.assertEqual([name["name"] for name in section["stages"][0]["stages"]],
                         ["append, the call alone", "released, from the intended time"])
        self.assertTrue(all(figure["twin_runs"] for figure in section["figures"]))
        self.assertIn("fdatasync p50", text)
        _, report, _ = self.bench("log", "--rate", "5000", "--durability", "memory")
        self.assertEqual([row["name"] for row in report["sections"][0]["rows"]][0], "memory 5,000/s")

    def test_the_suite_of_replay_gets_back_what_it_wrote(self):
        _, report, _ = self.bench("replay")
        section, = report["sections"]
        self.assertEqual({row["name"] for row in section["rows"]},
                         {"seek to a sequence", "pread of 16 KiB", "book at a sequence"})

    def test_the_suite_of_frames_copies_and_reads_what_it_encodes(self):
        _, report, _ = self.bench("frame", "--rate", "5000")
        section, = report["sections"]
        self.assertEqual([row["name"] for row in section["rows"]], ["frame 5,000/s"])
        self.assertEqual(section["figures"][0]["twin"], "encoded for each reader")

    def test_the_pipeline_has_every_stage_and_nothing_gets_lost_on_the_way(self):
        _, report, _ = self.bench("pipeline", "--rate", "2000")
        section, = report["sections"]
        self.assertEqual([stage["name"] for stage in section["stages"][1]["stages"]],
                         ["intended to gated", "gated to sequenced", "sequenced to logged", "logged to released",
                          "released to encoded", "encoded to written", "written to received"])
        rows = {row["name"]: row["count"] for row in section["rows"]}
        self.assertEqual(rows["memory 2,000/s, in the log's tail"], 200)
        self.assertEqual(rows["disk 2,000/s, in the log's tail"], 200)
        self.assertGreater(rows["disk 2,000/s"], 100)  # those with a public event

    def test_every_subscriber_gets_the_tick_of_every_order_in_a_whole_chain(self):
        _, report, _ = self.bench("wire", "--rate", "500", "--clients", "1,3", "--durability", "memory")
        section, = report["sections"]
        self.assertEqual({row["name"]: row["count"] for row in section["rows"] if not row["is_twin"]},
                         {"memory 500/s, 1 subscriber": 50, "memory 500/s, 3 subscribers": 150})
        self.assertEqual([stage["name"] for stage in section["stages"][0]["stages"]],
                         ["intended to sent", "sent to sequenced", "sequenced to encoded", "encoded to received"])
        self.assertEqual([row for row in section["warnings"] if "void" in row], [])
        self.assertIn("TLSv1.3", section["what"])

    def test_without_an_exchange_the_wire_says_what_to_do(self):
        done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "wire", "--quick", "--exchange", "/nowhere/bourse",
                               "--out", tempfile.mkdtemp(prefix="bourse-bench-")], capture_output=True, text=True,
                              timeout=100)
        self.assertEqual(done.returncode, 69, done.stderr)
        self.assertIn("--exchange", done.stderr)

    def test_a_suite_that_fails_says_so_and_the_others_are_reported(self):
        with tempfile.TemporaryDirectory(prefix="bourse-bench-") as folder:
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "all", "--quick", "--rate", "2000",
                                   "--exchange", "/nowhere/bourse", "--out", folder],
                                  capture_output=True, text=True, timeout=280)
            self.assertEqual(done.returncode, 69, done.stdout + done.stderr)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                sections = {section["name"]: section for section in json.load(file)["sections"]}
            self.assertTrue(os.path.exists(os.path.join(folder, "report.html")))
        self.assertEqual(list(sections), ["book", "log", "frame", "pipeline", "replay", "wire"])
        self.assertIn("did not start", sections.pop("wire")["warnings"][0])
        for name, section in sections.items():
            self.assertTrue(section["rows"], name)

    def test_a_suite_whose_time_is_over_reports_what_it_has(self):
        with tempfile.TemporaryDirectory(prefix="bourse-bench-") as folder:
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "book", "--rate", "10000", "--duration", "50ms",
                                   "--warm-up", "10ms", "--limit", "1ms", "--out", folder],
                                  capture_output=True, text=True, timeout=250)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            with open(os.path.join(folder, "report.json"), encoding="utf-8") as file:
                section, = json.load(file)["sections"]
        self.assertEqual([len(row["runs"]) for row in section["rows"]], [1, 1], "of five")
        self.assertEqual(section["curves"], [])
        self.assertIn("out of time", " ".join(section["warnings"]))

    def test_an_expectation_that_fails_is_exit_code_10_and_one_that_holds_is_not(self):
        self.assertIn("met     p99<100s", self.bench("book", "--rate", "10000", "--expect", "p99<100s")[0])
        text = self.bench("book", "--rate", "10000", "--expect", "p99<100s", "--expect", "p50<1ns", code=10)[0]
        self.assertIn("NOT MET p50<1ns", text)

    def test_two_reports_are_compared(self):
        with tempfile.TemporaryDirectory(prefix="bourse-bench-") as folder:
            subprocess.run([os.environ["BOURSE_BINARY"], "bench", "book", "--quick", "--out", folder],
                           check=True, capture_output=True, timeout=250)
            report = os.path.join(folder, "report.json")
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "compare", report, report],
                                  capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("too few runs", done.stdout)
            # The same figures, but as if each of six runs had taken twice as long.
            with open(report, encoding="utf-8") as file:
                text = json.load(file)
            for factor, name in ((1, "before.json"), (2, "after.json")):
                for row in text["sections"][0]["rows"]:
                    run = row["runs"][0]
                    row["runs"] = [{"count": run["count"], "ns": [ns * factor for ns in run["ns"]]}] * 6
                    factor = 1  # the twins stay
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    json.dump(text, file)
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "compare", "before.json", "after.json"],
                                  cwd=folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 10, done.stdout)
            self.assertTrue(done.stdout.endswith("worse\n"), done.stdout)
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", "compare", "before.json", "nowhere.json"],
                                  cwd=folder, capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 66)

    def test_a_suite_that_does_not_exist_is_a_mistake_of_usage(self):
        for arguments in (("books",), (), ("book", "--expect", "p98<1ms"), ("book", "--rate", "fast")):
            done = subprocess.run([os.environ["BOURSE_BINARY"], "bench", *arguments], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertIn("usage: bourse bench SUITE", done.stderr)

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
