#!/usr/bin/python3
"""Rows 2 and 9 of the failure matrix on a real file system (docs/JOURNAL.md, section 7): a 40 MB ext4 that is full,
and one whose power is cut under the running exchange. Needs root; skipped elsewhere, with the reason."""
import asyncio
import json
import os
import sys

from exchange_process import ExchangeProcess, https, metric, run, trader, wait_until
from loop_disk import LoopDisk

ROUNDS = int(os.environ.get("BOURSE_ROUNDS", "3"))
SETTINGS = ("--set", "journal.reserve_bytes=8388608", "--set", "demo.commands_per_second=50")


class Trader:
    """Orders and cancels over one session, each answered before the next."""

    def __init__(self, ws, auth):
        self.ws, self.sequence = ws, int(auth["next_client_seq"])

    async def ask(self, is_answer, **request):
        request["client_seq"] = self.sequence
        await self.ws.send(json.dumps(request))
        while True:
            reply = json.loads(await asyncio.wait_for(self.ws.recv(), 30))
            if reply["op"] == "error":
                return reply
            if is_answer(reply):
                self.sequence += 1
                return reply

    async def order(self, n):
        return await self.ask(lambda reply: int(reply.get("client_seq", 0)) == self.sequence,
                              op="order", symbol="BTC-USD", side="buy", type="limit", px=f"0.{1 + n % 50:02}",
                              qty="0.01", tif="gtc")

    async def resting(self, n):
        """The id of an order that must be accepted."""
        reply = await self.order(n)
        assert "order_id" in reply, reply
        return int(reply["order_id"])

    async def cancel(self, order_id):
        return await self.ask(lambda reply: int(reply.get("order_id", 0)) == order_id, op="cancel", symbol="BTC-USD",
                              order_id=str(order_id))


async def full_disk(x, disk):
    async with trader(x.url) as (ws, auth):
        me = Trader(ws, auth)
        mine = [await me.resting(n) for n in range(40)]
        assert wait_until(lambda: metric(x.url, "bourse_journal_reserve_bytes") == 8388608), "no reserve was laid"
        ballast = disk.fill()
        n = 0
        while (reply := await me.order(n))["op"] != "error":  # what lies ready is used up first
            mine.append(int(reply["order_id"]))
            n += 1
            assert n < 200_000
        assert (reply["code"], reply["name"], reply["retryable"]) == (9004, "journal_full", True), reply
        assert metric(x.url, "bourse_journal_state") == 2 and metric(x.url, "bourse_journal_degraded_total") == 1
        status, text = https(x.url, "/readyz")
        assert status == 503 and "the disk is full" in text, (status, text)
        # Cancels go on, each on the disk before it is told. The demo's takers have filled some of the first.
        answers = [(await me.cancel(order_id)).get("exec_type") for order_id in mine[:20] + mine[-20:]]
        assert set(answers) <= {"canceled", "cancel_rejected"} and answers.count("canceled") >= 10, answers
        refused = await me.order(0)
        assert refused["op"] == "error" and refused["code"] == 9004, refused
        os.remove(ballast)
        assert wait_until(lambda: https(x.url, "/readyz")[0] == 200), https(x.url, "/readyz")
        accepted = await me.order(1)
        assert accepted["op"] != "error", accepted
        assert metric(x.url, "bourse_journal_reserve_bytes") == 8388608
        return n


def test_row_9(disk):
    # With a small segment the zeros laid ahead are soon used up.
    with ExchangeProcess("--durability", "disk", *SETTINGS, journal=os.path.join(disk.path, "journal")) as x:
        taken = asyncio.run(full_disk(x, disk))
        assert x.stop() == 0, "".join(x.output)
        run("replay", x.journal, "--verify", check=0)
    print(f"row 9: {taken} orders fitted into what lay ready, then cancels only; room again: orders again")


async def order_until_cut(x, disk, told):
    async with trader(x.url) as (ws, auth):
        me = Trader(ws, auth)
        for n in range(30):
            told.append(await me.resting(n))
        disk.cut_power()
        try:
            for n in range(30):
                told.append(await asyncio.wait_for(me.resting(n), 5))
        except (Exception, asyncio.CancelledError):  # the process ends, or the connection does
            pass


def test_row_2(disk):
    told = []
    for _ in range(ROUNDS):
        with ExchangeProcess("--durability", "disk", *SETTINGS, journal=os.path.join(disk.path, "journal")) as x:
            asyncio.run(order_until_cut(x, disk, told))
            if x.process.poll() is None:
                x.kill()
        disk.unmount()
        disk.mount()
        code, text, error = run("replay", x.journal, "--format", "csv", check=0)
        there = {line.split(",")[0] for line in text.splitlines()}
        lost = [order for order in told if str(order) not in there]
        assert not lost, f"{len(lost)} acknowledged orders are gone: {lost[:5]}"
    run("replay", x.journal, "--verify", check=0)
    print(f"row 2: {ROUNDS} power cuts, {len(told)} acknowledged orders, none lost")


def main():
    for test in (test_row_9, test_row_2):
        try:
            disk = LoopDisk()
        except PermissionError as reason:
            print(f"skipped, no ext4 on a loop device here: {reason}")
            return 77
        with disk:
            test(disk)
    return 0


if __name__ == "__main__":
    sys.exit(main())
