#!/usr/bin/python3
"""A journal is harmed by hand, in one way after another; what the commands answer is right each time: `journal verify`
names the file and what is lost, `replay` gives what lies before the harm and nothing of it, and `journal repair`
from a copy gives the journal back, byte for byte. Each answer is listed."""
import glob
import json
import os
import shutil
import struct
import tempfile
import unittest

from exchange_process import ExchangeProcess, run, wait_until

DAMAGED, BAD_CONFIG, SOUND = 65, 78, 0
HEADER = 4096


def segments(journal, suffix=".seg"):
    return sorted(glob.glob(os.path.join(journal, "*" + suffix)))


def patch(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data)


def read(path, at, size):
    with open(path, "rb") as file:
        file.seek(at)
        return file.read(size)


def flip(path, at, size=1):
    patch(path, at, bytes(b ^ 0x40 for b in read(path, at, size)))


def end_of_log(journal):
    """(durable offset in the open segment, its last sequence), as the newest slot of the watermark says."""
    slots = [read(os.path.join(journal, "watermark"), 4096 * i, 120) for i in range(3)]
    newest = max((s for s in slots if s[:8] == b"BOURSWM1"), key=lambda s: struct.unpack_from("<Q", s, 48))
    return struct.unpack_from("<QQ", newest, 64)


class DamagedJournal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-damage-")
        cls.whole = os.path.join(cls.folder.name, "whole")
        cls.other = os.path.join(cls.folder.name, "other")
        for journal in (cls.whole, cls.other):
            with ExchangeProcess("--set", "journal.segment_bytes=200000", journal=journal) as x:
                if not wait_until(lambda j=journal: len(segments(j)) >= 4, 90):
                    raise AssertionError("".join(x.output))
                if x.stop() != 0:
                    raise AssertionError("".join(x.output))
        _, out, _ = run("journal", "verify", cls.whole, "--format", "json", check=SOUND)
        cls.last = json.loads(out.splitlines()[-1])["last_sequence"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.harmed = os.path.join(self.folder.name, "harmed")
        shutil.copytree(self.whole, self.harmed)
        self.sealed = segments(self.harmed)

    def tearDown(self):
        shutil.rmtree(self.harmed)

    def answer(self, way, file, part, verify=DAMAGED, replay=DAMAGED):
        """Checks what verify and replay say of it, and that a copy mends it."""
        code, out, _ = run("journal", "verify", self.harmed, "--format", "json")
        lines = [json.loads(line) for line in out.splitlines()]
        found = [line for line in lines if line.get("finding") == ("damage" if verify else "note")]
        self.assertEqual(code, verify, out)
        named = [f for f in found if os.path.basename(file) in f["file"] and part in f["what"]]
        self.assertTrue(named, out)
        code, out, why = run("replay", self.harmed, "--format", "csv")
        self.assertEqual(code, replay, why)
        given = {int(line.split(",")[0]) for line in out.splitlines()[1:]}
        self.assertEqual(given, set(range(1, len(given) + 1)), "a replay has a hole")
        if replay == SOUND:
            self.assertEqual(len(given), self.last)
        first_lost = min((f["first_sequence"] for f in found if f["first_sequence"]), default=self.last + 1)
        self.assertLess(max(given, default=0), first_lost + (verify == SOUND) * self.last)
        run("journal", "repair", self.harmed, "--from", self.whole, check=SOUND)
        run("journal", "verify", self.harmed, check=SOUND)
        run("diff", self.whole, self.harmed, check=SOUND)
        f = named[0]
        print(f"{way}: verify {verify}, replay {replay} after {len(given)} of {self.last}; "
              f"{f['file'] or 'the directory'} [{f['from_byte']}, {f['to_byte']}) "
              f"sequences {f['first_sequence']} to {f['last_sequence']}: {f['what']}", flush=True)

    def test_01_a_flipped_bit_of_a_record(self):
        flip(self.sealed[1], 50_000)
        self.answer("a flipped bit", self.sealed[1], "damaged")

    def test_02_a_block_of_zeros(self):
        patch(self.sealed[1], 40_960, bytes(4096))
        self.answer("a block of zeros", self.sealed[1], "transactions are damaged")

    def test_03_two_blocks_in_each_others_place(self):
        a, b = (read(self.sealed[2], at, 4096) for at in (40_960, 81_920))
        patch(self.sealed[2], 40_960, b)
        patch(self.sealed[2], 81_920, a)
        self.answer("swapped blocks", self.sealed[2], "transactions are damaged")

    def test_04_a_segment_that_was_cut(self):
        os.truncate(self.sealed[1], 100_000)
        self.answer("a cut segment", self.sealed[1], "footer")

    def test_05_a_segment_that_is_gone(self):
        os.remove(self.sealed[1])
        self.answer("a missing segment", "", "missing between")

    def test_06_a_segment_under_another_name(self):
        os.rename(self.sealed[1], os.path.join(self.harmed, "00000000000000000002-00000001.seg"))
        self.answer("a renamed segment", "00000000000000000002-00000001.seg", "is called")

    def test_07_a_segment_of_another_journal(self):
        shutil.copy(segments(self.other)[1], self.sealed[1])
        self.answer("a foreign segment", self.sealed[1], "")

    def test_08_the_last_group_that_was_acknowledged(self):
        end, _ = end_of_log(self.harmed)
        flip(segments(self.harmed, ".open")[0], end - 20)
        self.answer("the last acknowledged group", segments(self.harmed, ".open")[0], "damaged")

    def test_09_the_watermark(self):
        patch(os.path.join(self.harmed, "watermark"), 0, b"x" * 3 * 4096)
        self.answer("the watermark", "watermark", "none of the watermarks is sound")

    def test_10_the_header_of_a_segment(self):
        flip(self.sealed[2], 60)
        self.answer("a header", self.sealed[2], "header")

    def test_11_the_newest_segment_is_gone(self):
        os.remove(segments(self.harmed, ".open")[0])
        self.answer("the newest segment", "", "newest segment")

    def test_12_an_index_costs_nothing_but_itself(self):
        size = os.path.getsize(self.sealed[1])
        flip(self.sealed[1], size - 104 - 30)
        self.answer("an index", self.sealed[1], "index", replay=SOUND)

    def test_13_a_torn_tail_is_none_of_the_journal(self):
        end, last = end_of_log(self.harmed)
        file = segments(self.harmed, ".open")[0]
        patch(file, end, b"torn" * 300)
        self.answer("a torn tail", file, "torn tail", verify=SOUND, replay=SOUND)
        with ExchangeProcess("--set", "journal.segment_bytes=200000", journal=self.harmed) as x:
            self.assertTrue(glob.glob(file + ".torn.*"), "".join(x.output))
            self.assertEqual(x.stop(), 0)
        _, out, _ = run("diff", self.whole, self.harmed, check=10)
        self.assertIn("ends there", out)
        self.assertIn(f"1 to {last}", out)

    def test_14_a_format_of_the_future_is_not_called_damage(self):
        patch(self.sealed[1], 8, struct.pack("<H", 2))
        code, _, why = run("replay", self.harmed)
        self.assertEqual(code, BAD_CONFIG, why)
        self.assertIn("format 2.", why)
        print(f"another format: replay {code}; {why.strip()}", flush=True)

    def test_a_start_refuses_what_is_damaged_and_says_what_to_do(self):
        flip(segments(self.harmed, ".open")[0], HEADER + 100)
        code, out, why = run("serve", "--demo", "--port", "0", "--journal", self.harmed)
        self.assertEqual(code, DAMAGED, out + why)
        self.assertIn(os.path.basename(segments(self.harmed, ".open")[0]), out + why)


if __name__ == "__main__":
    unittest.main()
