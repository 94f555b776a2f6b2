#!/usr/bin/python3
"""What is about an account, or about everything, at an exchange with three channels: drop copies, administrators, stage
times of orders, metrics; at the exchange itself and, where it is offered there, through a gateway."""
import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import unittest

from channels_gateway_case import (BUSY, LOGS, QUIET, SECRET, SYMBOLS, ChannelsCase, answer_of, by_log, metrics, next_of,
                                   order)
from exchange_process import connect, run, trader, wait_until

import bourse

STAGES = ("recv", "gate", "sequenced", "matched", "released", "encoded", "written")


@contextlib.asynccontextmanager
async def watcher(url, subprotocol="bourse.json.v1"):
    """An authenticated session of the key `risk` on /v1/dropcopy."""
    async with connect(url, "/v1/dropcopy", subprotocol) as ws:
        hello = json.loads(await ws.recv())
        signature = hmac.new(SECRET.encode(), f"{hello['nonce']}|{hello['session']}".encode(), hashlib.sha256).digest()
        await ws.send(json.dumps({"op": "auth", "id": 1, "key": "risk", "alg": "hmac-sha256",
                                  "sig": base64.b64encode(signature).decode()}))
        reply = json.loads(await ws.recv())
        if reply["op"] != "auth_ok":
            raise AssertionError(reply)
        yield ws, hello


async def reply_to(ws, request):
    await ws.send(json.dumps(request))
    while (reply := json.loads(await asyncio.wait_for(ws.recv(), 20))).get("id") != request["id"]:
        pass
    return reply


async def place(url, count=1):
    """So many orders of account 1 in each log; its next client sequences afterwards."""
    async with trader(url) as (ws, auth):
        numbers = next_of(auth)
        for log, symbols in SYMBOLS.items():
            for _ in range(count):
                await ws.send(order(numbers[log], symbols[0]))
                report = await answer_of(ws, log, numbers[log])
                if report.get("exec_type") != "accepted":
                    raise AssertionError(report)
                numbers[log] += 1
        return numbers


class DropCopies(ChannelsCase):
    def test_a_drop_copy_has_the_reports_of_every_log_from_the_place_that_is_named_for_each(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)

        async def watch(url):
            await place(g.url, 3)
            async with watcher(url) as (ws, hello):
                self.assertEqual([one["log"] for one in hello["logs"]], list(range(LOGS)))
                refused = await reply_to(ws, {"op": "subscribe", "id": "a", "account": 1, "from_exec_seq": "1"})
                self.assertEqual(refused["code"], 1003)
                other = await reply_to(ws, {"op": "subscribe", "id": "b", "account": 7})
                self.assertEqual(other["code"], 2002)
                heads = await reply_to(ws, {"op": "subscribe", "id": "c", "account": 1})
                heads = [int({one["log"]: one for one in heads.get("logs", [])}.get(log, {})
                             .get("exec_head", heads["exec_head"])) for log in range(LOGS)]
                told = await reply_to(ws, {"op": "subscribe", "id": "d", "account": 1, "logs": [
                    {"log": log, "from_exec_seq": str(heads[log] - log)} for log in range(LOGS)]})
                self.assertEqual((told["op"], told["account"]), ("subscribed", 1))
                seen = {log: [] for log in range(LOGS)}
                while any(len(found) < log + 1 for log, found in seen.items()):
                    report = json.loads(await asyncio.wait_for(ws.recv(), 20))
                    if report["op"] == "exec":
                        self.assertEqual((report["account_id"], report["symbol"]), (1, SYMBOLS[report["log"]][0]))
                        seen[report["log"]].append(int(report["exec_seq"]))
                self.assertEqual(seen, {log: list(range(heads[log] - log, heads[log] + 1)) for log in range(LOGS)})
                listed = await reply_to(ws, {"op": "subscriptions", "id": "e"})
                self.assertEqual([one["account"] for one in listed["accounts"]], [1] * LOGS)
                self.assertEqual(by_log(url, "bourse_dropcopy_accounts"), [1] * LOGS)
                await reply_to(ws, {"op": "unsubscribe", "id": "f", "account": 1})
                self.assertTrue(wait_until(lambda: by_log(url, "bourse_dropcopy_accounts") == [0] * LOGS))
        for url in (x.url, g.url):
            asyncio.run(asyncio.wait_for(watch(url), 60))

    def test_the_drop_copy_of_the_package_keeps_the_logs_apart_also_over_a_killed_gateway(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)
        copy = bourse.DropCopy(g.url, "risk", SECRET, [1], start=1, insecure=True)
        self.addCleanup(copy.close)
        asyncio.run(place(x.url, 2))
        found = list(copy.reports(2.0))
        g.kill()
        asyncio.run(place(x.url, 1))
        g.arguments[g.arguments.index("--port") + 1] = g.url.rsplit(":", 1)[1]
        g.start()
        found += list(copy.reports(3.0))
        for log in range(LOGS):
            mine = [r for _, r in found if r.log == log]
            self.assertEqual([(r.exec_seq, r.type) for r in mine], [(n, "accepted") for n in (1, 2, 3)])
        self.assertEqual((copy.accounts, copy.reconnects), ([1], 1))


class StageTimes(ChannelsCase):
    def test_stage_times_name_the_log_and_every_stage_that_is_measured(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)

        async def ask(url, missing):
            async with trader(url, timing=True) as (ws, auth):
                numbers = next_of(auth)
                for log, symbols in SYMBOLS.items():
                    for number in (numbers[log], numbers[log] + 1):
                        await ws.send(order(number, symbols[0]))
                        report = await answer_of(ws, log, number, ("exec", "error"))
                        timing = await answer_of(ws, log, number, ("timing",))
                        self.assertEqual(timing["seq"], report["seq"])
                        stages = [stage for stage in STAGES if stage in timing]
                        self.assertEqual(stages, [stage for stage in STAGES if stage not in missing], timing)
                        times = [int(timing[stage]) for stage in stages]
                        self.assertEqual(times, sorted(times))
        asyncio.run(asyncio.wait_for(ask(x.url, ()), 60))
        asyncio.run(asyncio.wait_for(ask(g.url, ("matched",)), 60))

    def test_a_session_that_does_not_ask_is_followed_one_order_at_a_time_in_the_metrics(self):
        x, = self.start(self.exchange(*QUIET))

        def written():
            found = metrics(x.url, "bourse_order_stage_seconds_count")
            return sum(value for labels, value in found.items() if "written" in labels)
        asyncio.run(asyncio.wait_for(place(x.url, 2), 60))
        self.assertGreater(written(), 0)
        self.assertLessEqual(written(), 2 * LOGS)


class Administration(ChannelsCase):
    def admin(self, x, *arguments, check=0):
        code, out, err = run("admin", "--url", x.url, "--key", "boss", "--secret-file", self.secret, "--format", "json",
                             *arguments)
        self.assertEqual(code, check, out + err)
        return [json.loads(line) for line in out.splitlines()] if out else err

    async def orders(self, url):
        """What became of one order in each log."""
        async with trader(url) as (ws, auth):
            numbers, told = next_of(auth), []
            for log, symbols in SYMBOLS.items():
                await ws.send(order(numbers[log], symbols[0]))
                report = await answer_of(ws, log, numbers[log])
                told.append(report.get("reject", report["exec_type"]))
            return told

    def test_a_kill_switch_holds_in_every_log_and_each_decides(self):
        x, = self.start(self.exchange(*QUIET))
        asyncio.run(place(x.url))
        decided = self.admin(x, "account", "1", "--kill")
        self.assertEqual(sorted((one["log"], one["command"], one["decision"]) for one in decided),
                         [(log, "set_account", "accepted") for log in range(LOGS)])
        self.assertEqual(asyncio.run(self.orders(x.url)), ["account_disabled"] * LOGS)

        async def open_orders():
            async with trader(x.url) as (ws, _):
                return (await reply_to(ws, {"op": "open_orders", "id": 2}))["orders"]
        self.assertEqual(asyncio.run(open_orders()), [])
        self.admin(x, "account", "1", "--enable")
        self.assertEqual(asyncio.run(self.orders(x.url)), ["accepted"] * LOGS)
        self.assertEqual(len(self.admin(x, "cancel", "--account", "1")), LOGS)
        self.assertEqual(asyncio.run(open_orders()), [])
        refused = self.admin(x, "account", "5000000", "--kill", check=10)
        self.assertTrue(refused)

    def test_what_is_about_a_symbol_is_decided_by_its_log_alone(self):
        x, = self.start(self.exchange(*QUIET))
        for log, symbols in SYMBOLS.items():
            halted, = self.admin(x, "phase", symbols[0], "halt")
            self.assertEqual((halted["log"], halted["symbol"], halted["decision"]), (log, symbols[0], "accepted"))
            told = asyncio.run(self.orders(x.url))
            self.assertEqual(told, ["halted" if one == log else "accepted" for one in range(LOGS)])
            self.admin(x, "phase", symbols[0], "resume")
            cancelled, = self.admin(x, "cancel", "--symbol", symbols[0])
            self.assertEqual((cancelled["log"], cancelled["symbol"]), (log, symbols[0]))

    def test_new_instruments_come_into_the_log_that_is_named_or_that_of_their_name_and_reach_a_gateway(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)
        ids = {}
        for log in range(LOGS):
            symbol = f"NEW{log}-USD"
            added, = self.admin(x, "instrument", "add", symbol, "--base", f"NEW{log}", "--quote", "USD", "--log", str(log))
            self.assertEqual((added["log"], (added["instrument_id"] - 1) % LOGS), (log, log))
            ids[symbol] = added["instrument_id"]
        by_name, = self.admin(x, "instrument", "add", "NAME-USD", "--base", "NAME", "--quote", "USD")
        self.assertEqual((by_name["instrument_id"] - 1) % LOGS, by_name["log"])
        again, = self.admin(x, "instrument", "add", "NAME-USD", "--base", "NAME", "--quote", "USD")
        self.assertEqual((again["decision"], again["log"]), ("accepted", by_name["log"]))

        async def trade():
            async with trader(g.url) as (ws, auth):
                numbers = next_of(auth)
                for log in range(LOGS):
                    number = numbers[log]
                    while True:  # the gateway may not have heard of it yet
                        await ws.send(order(number, f"NEW{log}-USD", qty="1"))
                        told = await answer_of(ws, log, number)
                        if told.get("code") != 5001:
                            break
                    self.assertEqual((told["exec_type"], told["instrument_id"]), ("accepted", ids[f"NEW{log}-USD"]))
        asyncio.run(asyncio.wait_for(trade(), 60))

    def test_a_gateway_sends_administrators_to_the_engine(self):
        x, g = self.start(self.exchange(*QUIET), self.gateway())
        self.assert_orders_open(g)
        self.assertIn("5019", self.admin(g, "account", "1", "--kill", check=10))
        self.assertIn("5019", self.admin(g, "phase", SYMBOLS[2][0], "halt", check=10))
        self.assertEqual(asyncio.run(self.orders(x.url)), ["accepted"] * LOGS)


class Metrics(ChannelsCase):
    def test_every_metric_of_a_log_says_which(self):
        x, = self.start(self.exchange(*BUSY, "--set", "snapshot.every_transactions=100"))
        self.assertTrue(wait_until(lambda: min(by_log(x.url, "bourse_snapshot_sequence")) > 0))
        for name in ("bourse_sequence", "bourse_journal_bytes_total", "bourse_commands_total", "bourse_snapshots_total",
                     "bourse_snapshot_bytes", "bourse_diverged", "bourse_segments_compressed_total",
                     "bourse_keeper_failures_total", "bourse_market_slow_total", "bourse_market_streams",
                     "bourse_frames_total", "bourse_feed_sequence", "bourse_gateways"):
            found = metrics(x.url, name)
            self.assertEqual([sum(f'log="{log}"' in labels for labels in found) for log in range(LOGS)], [1] * LOGS,
                             (name, found))
            self.assertEqual(len(found), LOGS, (name, found))
        self.assertEqual(sorted(metrics(x.url, "bourse_stream_lag_transactions")),
                         [f'{{channel="{log}"}}' for log in range(LOGS)])


if __name__ == "__main__":
    unittest.main()
