#!/usr/bin/python3
"""Snapshots of a trading exchange: taken while it runs, used by the next start, and the past seen through them."""
import glob
import json
import os
import re
import unittest

from exchange_process import ExchangeProcess, run, wait_until

EVERY = 500  # transactions
SECONDS_MAX = 120  # the thread that takes them gives way to everything else
SETTINGS = ("--set", f"snapshot.every_transactions={EVERY}", "--set", "snapshot.keep=4",
            "--set", "snapshot.books_every=300")


def snapshots(x, suffix="snap"):
    return sorted(int(os.path.basename(name).split(".")[0])
                  for name in glob.glob(os.path.join(x.journal, "snap", "*." + suffix)))


class Snapshots(unittest.TestCase):
    def test_a_killed_exchange_goes_on_from_its_newest_snapshot(self):
        with ExchangeProcess(*SETTINGS) as x:
            self.assertTrue(wait_until(lambda: len(snapshots(x)) >= 2, SECONDS_MAX), "".join(x.output))
            x.kill()
            newest = snapshots(x)[-1]
            x.start()
            said = "".join(x.output)
            match = re.search(r"(\d+) of them from the snapshot, (\d+) executed again", said)
            self.assertTrue(match, said)
            self.assertEqual(int(match[1]), newest)
            self.assertLess(int(match[2]), newest + 20 * EVERY)
            self.assertEqual(x.stop(), 0, "".join(x.output))
            run("replay", x.journal, "--verify", check=0)

    def test_a_damaged_snapshot_is_told_and_an_older_one_or_the_log_gives_the_same(self):
        with ExchangeProcess(*SETTINGS) as x:
            self.assertTrue(wait_until(lambda: len(snapshots(x)) >= 2, SECONDS_MAX))
            self.assertEqual(x.stop(), 0)
            run("snapshot", x.journal, "--list", check=0)
            newest = os.path.join(x.journal, "snap", f"{snapshots(x)[-1]:020}.snap")
            with open(newest, "r+b") as file:
                file.seek(os.path.getsize(newest) // 2)
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 0x10]))
            run("snapshot", x.journal, "--list", check=10)
            older = snapshots(x)[-2]
            x.start()
            said = "".join(x.output)
            self.assertIn("its bytes are not those that were written", said)
            self.assertIn(f"{older} of them from the snapshot", said)
            self.assertEqual(x.stop(), 0)
            run("replay", x.journal, "--verify", check=0)

    def test_a_journal_is_verified_from_any_snapshot(self):
        with ExchangeProcess(*SETTINGS) as x:
            self.assertTrue(wait_until(lambda: len(snapshots(x)) >= 3, SECONDS_MAX))
            self.assertEqual(x.stop(), 0)
            for sequence in snapshots(x):
                _, text, _ = run("replay", x.journal, "--verify", "--from-snapshot", str(sequence), check=0)
                self.assertIn(f"sequences {sequence + 1} to ", text)
            first, second = snapshots(x)[:2]
            _, text, _ = run("replay", x.journal, "--verify", "--from", str(second), check=0)
            self.assertIn(f"sequences {first + 1} to ", text)
            code, _, why = run("replay", x.journal, "--verify", "--from-snapshot", "77")
            self.assertNotEqual(code, 0)
            self.assertIn(f"{77:020}.snap", why)

    def test_the_book_of_the_past_is_what_a_client_saw(self):
        with ExchangeProcess(*SETTINGS) as x:
            self.assertTrue(wait_until(lambda: len(snapshots(x)) >= 2 and snapshots(x, "book"), SECONDS_MAX))
            # While it runs: a tool reads as far as was released.
            run("book", "BTC-USD", "--journal", x.journal, check=0)
            self.assertEqual(x.stop(), 0)
            _, text, _ = run("replay", x.journal, "--format", "json", check=0)
            orders, books = {}, {}
            for line in text.splitlines():
                transaction = json.loads(line)
                for event in transaction["events"]:
                    if event.get("symbol") != "BTC-USD" or "order_id" not in event:
                        continue
                    key = int(event["order_id"])
                    if event["kind"] in ("add", "modify"):
                        orders[key] = (event["side"], event["price"], event["leaves"])
                    elif event["kind"] in ("cancel", "execute"):
                        left = event.get("leaves", "0")
                        if left in ("", "0"):
                            orders.pop(key, None)
                        else:
                            orders[key] = (*orders[key][:2], left)
                books[int(transaction["sequence"])] = dict(orders)
            last = max(books)
            for sequence in (5, snapshots(x)[0] - 1, snapshots(x)[-1], snapshots(x)[-1] + 1, last):
                _, text, _ = run("book", "BTC-USD", "--at-seq", str(sequence), "--l3", "--depth", "0", "--json",
                                 "--journal", x.journal, check=0)
                told = json.loads(text)
                self.assertEqual(int(told["sequence"]), sequence)
                got = {int(o["order_id"]): (side, o["price"], o["quantity"])
                       for side, name in (("buy", "bids"), ("sell", "asks")) for o in told[name]}
                self.assertEqual(got, books[sequence], f"sequence {sequence}")
            _, text, _ = run("book", "BTC-USD", "--at-ts", told["time"], "--json", "--journal", x.journal, check=0)
            self.assertEqual(json.loads(text)["time"], told["time"])
            code, _, why = run("book", "BTC-UDS", "--journal", x.journal)
            self.assertEqual(code, 2)
            self.assertIn("did you mean BTC-USD?", why)
            code, _, why = run("book", "BTC-USD", "--at-seq", str(last + 1), "--journal", x.journal)
            self.assertEqual(code, 2)
            self.assertIn(f"sequences 1 to {last} are there", why)


if __name__ == "__main__":
    unittest.main(verbosity=1)
