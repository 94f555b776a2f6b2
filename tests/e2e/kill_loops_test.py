#!/usr/bin/python3
"""Rows 1, 11 and 20 of the failure matrix with the whole exchange (docs/JOURNAL.md, section 7): `bourse serve` is
killed at random moments, or stopped and continued, under a trader who writes down every answer. BOURSE_ROUNDS asks
for more."""
import asyncio
import json
import os
import random
import signal
import sys
import time
import unittest

from exchange_process import ExchangeProcess, run, trader

ROUNDS = int(os.environ.get("BOURSE_ROUNDS", "4"))
SEED = int(os.environ.get("BOURSE_SEED", str(random.SystemRandom().randrange(2**32))))
IN_FLIGHT = 64
QUIET = ("--set", "demo.commands_per_second=100", "--set", "journal.reserve_bytes=4194304")


async def trade(x, told, until):
    """Orders, IN_FLIGHT of them unanswered at most, and what was answered into `told`, until the time or the end."""
    async with trader(x.url) as (ws, auth):
        sequence = int(auth["next_client_seq"])
        waiting = 0
        while time.monotonic() < until:
            while waiting < IN_FLIGHT:
                await ws.send(json.dumps({"op": "order", "client_seq": sequence, "symbol": "BTC-USD", "side": "buy",
                                          "type": "limit", "px": f"{10 + sequence % 50}.00", "qty": "0.01",
                                          "tif": "ioc"}))
                sequence += 1
                waiting += 1
            reply = json.loads(await asyncio.wait_for(ws.recv(), 30))
            if reply["op"] == "exec" and reply.get("exec_type") == "accepted":
                told.append(int(reply["order_id"]))
                waiting -= 1


async def trade_and_disturb(x, told, seconds, disturb):
    async def work():
        try:
            await trade(x, told, time.monotonic() + seconds + 5)
        except Exception:  # the exchange is gone: that is the test
            pass

    task = asyncio.create_task(work())
    await asyncio.sleep(seconds)
    disturb()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def sequences_of(journal):
    _, text, _ = run("replay", journal, "--format", "csv", check=0)
    return {int(line.split(",")[0]) for line in text.splitlines() if line[:1].isdigit()}


class KillLoops(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        print(f"seed {SEED} (BOURSE_SEED repeats it)")

    def check(self, x, told):
        there = sequences_of(x.journal)
        lost = [order for order in told if order not in there]
        self.assertEqual(lost, [], f"{len(lost)} acknowledged orders are gone, seed {SEED}")
        self.assertEqual(there, set(range(1, max(there) + 1)), "a hole")
        run("replay", x.journal, "--verify", check=0)

    def test_row_1_killed_at_any_moment_nothing_told_is_lost(self):
        for durability in ("memory", "disk"):
            with self.subTest(durability), ExchangeProcess("--durability", durability, *QUIET) as x:
                told = []
                for round_ in range(ROUNDS):
                    if round_:
                        x.start()
                    asyncio.run(trade_and_disturb(x, told, self.random.uniform(0.05, 0.6), x.process.kill))
                    x.kill()
                self.check(x, told)
                print(f"row 1, {durability}: {ROUNDS} kills, {len(told)} acknowledged, none lost")

    def test_row_11_stopped_and_continued_it_goes_on(self):
        with ExchangeProcess("--durability", "disk", *QUIET) as x:
            told = []

            def stop_and_go():
                x.process.send_signal(signal.SIGSTOP)
                time.sleep(self.random.uniform(0.05, 0.3))
                x.process.send_signal(signal.SIGCONT)

            for _ in range(ROUNDS):
                before = len(told)
                asyncio.run(trade_and_disturb(x, told, self.random.uniform(0.2, 0.4), stop_and_go))
                self.assertGreater(len(told), before, "it took no orders")
            self.assertEqual(x.stop(), 0, "".join(x.output))
            self.check(x, told)
            print(f"row 11: {ROUNDS} stops, {len(told)} acknowledged, none lost")

    def test_row_20_a_second_exchange_is_refused(self):
        with ExchangeProcess(*QUIET) as x:
            code, _, error = run("serve", "--port", "0", "--journal", x.journal)
            self.assertEqual(code, 75, error)
            x.process.kill()
            x.process.wait()
            x.close_output()
            x.start()  # the lock went with the process


if __name__ == "__main__":
    sys.exit(unittest.main())
