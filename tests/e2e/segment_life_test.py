#!/usr/bin/python3
"""Segments of a trading exchange are compressed and deleted meanwhile; it is killed, and starts again behind them."""
import glob
import json
import os
import unittest

from exchange_process import ExchangeProcess, run, wait_until

SETTINGS = ("--set", "journal.segment_bytes=200000", "--set", "journal.compress_after_s=1",
            "--set", "snapshot.every_transactions=500")
RETENTION = ("--set", "journal.retain_bytes=1000000")


def there(x, suffix):
    return glob.glob(os.path.join(x.journal, "*" + suffix))


def verdict(x, check=0):
    _, out, _ = run("journal", "verify", x.journal, "--format", "json", check=check)
    return json.loads(out.splitlines()[-1])


class SegmentLife(unittest.TestCase):
    def test_cold_segments_are_compressed_and_the_journal_stays_the_same(self):
        with ExchangeProcess(*SETTINGS) as x:
            self.assertTrue(wait_until(lambda: there(x, ".seg.zst"), 90), "".join(x.output))
            self.assertEqual(verdict(x)["verdict"], "sound")  # while it runs
            x.kill()
            x.start()
            self.assertEqual(x.stop(), 0, "".join(x.output))
            found = verdict(x)
            self.assertEqual((found["verdict"], found["first_sequence"]), ("sound", 1))
            run("replay", x.journal, "--verify", check=0)

    def test_behind_a_deletion_it_starts_from_a_snapshot(self):
        with ExchangeProcess(*SETTINGS, *RETENTION) as x:
            manifest = os.path.join(x.journal, "MANIFEST")
            self.assertTrue(wait_until(lambda: os.path.exists(manifest), 90), "".join(x.output))
            x.kill()
            first = verdict(x)["first_sequence"]
            self.assertGreater(first, 1)
            x.start()
            self.assertEqual(x.stop(), 0, "".join(x.output))
            self.assertEqual(verdict(x)["verdict"], "sound")
            run("replay", x.journal, "--verify", check=0)
            self.assertIn("are there", run("replay", x.journal, "--from", "1", check=2)[2])
            # What is gone without MANIFEST telling of it is missing.
            os.remove(manifest)
            self.assertEqual(verdict(x, check=65)["verdict"], "damaged")
            self.assertIn("no MANIFEST", run("replay", x.journal, check=65)[2])


if __name__ == "__main__":
    unittest.main()
