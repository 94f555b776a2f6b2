#!/usr/bin/python3
"""An exchange with two channels: two engines, two logs, one connection. Symbols keep their channel; subscribers,
traders, replays and HTTP see the whole exchange; each log numbers its own transactions, and within each the rules of
sequence hold."""
import asyncio
import json
import os
import re
import tempfile
import unittest

from exchange_process import ExchangeProcess, connect, run, tls, trader, wait_until
from bourse import Live, Replay
from bourse import connect as connect_trader
from bourse.connection import get
from bourse.frames import Frame
from bourse.notices import EndOfReplay

TWO = ("--set", "engine.channels=2")
BTC, ETH = "BTC-USD", "ETH-USD"  # of the demo; by their names on channels 1 and 0


def exchange(*arguments, **options):
    return ExchangeProcess(*TWO, *arguments, **options)


def instruments(x):
    return {i["symbol"]: i for i in get(x.url, "/v1/instruments", tls())["instruments"]}


async def reply_to(ws, request):
    """The JSON reply with the request's id; frames in between are dropped."""
    await ws.send(json.dumps(request))
    while True:
        message = await asyncio.wait_for(ws.recv(), 20)
        if isinstance(message, str):
            reply = json.loads(message)
            if reply.get("id") == request["id"]:
                return reply


async def report_of(ws, log, **fields):
    """The next report of this log with these fields."""
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 20))
        if message["op"] == "error":
            raise AssertionError(message)
        if message["op"] == "exec" and message["log"] == log and fields.items() <= message.items():
            return message


class Channels(unittest.TestCase):
    def test_one_subscriber_follows_symbols_of_both_logs_each_whole(self):
        with exchange() as x, Live(x.url, insecure=True) as live:
            live.subscribe("mbo", "*", snapshot=True)
            books, last, frames = {}, {}, 0
            for event in live:
                if not isinstance(event, Frame):
                    continue
                if event.symbol not in books:
                    books[event.symbol] = live.book(event.symbol)
                books[event.symbol].apply(event.rows)
                last[event.symbol] = event.last_seq
                frames += 1
                if frames > 300 and len(books) == 2:
                    break
            self.assertEqual(live.logs, 2)
            logs = {s.symbol: live.log_of(number) for number, s in live.streams.items()}
            self.assertEqual(logs, {BTC: 1, ETH: 0})
            self.assertEqual({i.symbol: (i.id - 1) % 2 for i in live.instruments.values()}, logs)

    def test_each_book_is_that_of_its_log_at_a_sequence(self):
        with exchange() as x:
            for symbol in (BTC, ETH):
                self.assertTrue(wait_until(lambda: int(get(x.url, f"/v1/book/{symbol}", tls())["seq"]) > 200))
                told = get(x.url, f"/v1/book/{symbol}?at_seq=150", tls())
                self.assertEqual((told["symbol"], told["seq"]), (symbol, "150"))
            status = get(x.url, "/v1/status", tls())
            self.assertEqual([one["log"] for one in status["logs"]], [0, 1])
            self.assertEqual(status["symbols"], 2)

    def test_what_was_missed_is_resumed_at_the_next_sequence_of_each_log(self):
        async def both():
            with exchange() as x:
                async with connect(x.url, "/v1/md") as ws:
                    hello = json.loads(await ws.recv())
                    self.assertEqual([one["log"] for one in hello["logs"]], [0, 1])
                    reply = await reply_to(ws, {"op": "subscribe", "id": 1, "subs": [
                        {"channel": "mbo", "symbols": [BTC], "start": {"seq": "1"}},
                        {"channel": "mbo", "symbols": [ETH], "start": {"seq": "1"}}]})
                    streams = {int(s["stream"]): s["symbol"] for s in reply["streams"]}
                    self.assertEqual(sorted(streams.values()), [BTC, ETH])
                    at, heads, completed = {}, {}, set()
                    while len(completed) < 2 or min(heads.values(), default=0) < 300:
                        message = await asyncio.wait_for(ws.recv(), 20)
                        if isinstance(message, str):
                            continue
                        frame = Frame(message)
                        if frame.stream_id in streams:
                            self.assertEqual(frame.prev_seq, at.get(frame.stream_id, 0))
                            at[frame.stream_id] = heads[frame.stream_id] = frame.last_seq
                        elif frame.system is not None and frame.system.code == 3:
                            completed.add(frame.stream_id & 0xFFFFFF)
                    self.assertEqual(completed, {0, 1})

        asyncio.run(both())

    def test_a_sequence_for_symbols_of_two_logs_is_refused(self):
        async def ask():
            with exchange() as x:
                # Nobody can begin at a sequence that the log has not reached.
                self.assertTrue(wait_until(lambda: int(get(x.url, f"/v1/book/{BTC}", tls())["seq"]) > 5))
                async with connect(x.url, "/v1/md") as ws:
                    await ws.recv()
                    both = await reply_to(ws, {"op": "subscribe", "id": 1, "subs": [
                        {"channel": "mbo", "symbols": [BTC, ETH], "start": {"seq": "5"}}]})
                    self.assertEqual((both["op"], both["code"]), ("error", 1004))
                    one = await reply_to(ws, {"op": "subscribe", "id": 2, "subs": [
                        {"channel": "mbo", "symbols": ["*"], "log": 1, "start": {"seq": "5"}}]})
                    self.assertEqual([s["symbol"] for s in one["streams"]], [BTC])
                    unknown = await reply_to(ws, {"op": "subscribe", "id": 3, "subs": [
                        {"channel": "mbo", "symbols": ["NO-SUCH"]}]})
                    self.assertEqual(unknown["rejected"][0]["code"], 2003)
                    listed = await reply_to(ws, {"op": "subscriptions", "id": 4})
                    self.assertEqual([s["symbol"] for s in listed["streams"]], [BTC])
                    logs = [one["log"] for one in listed.get("logs", [])]
                    self.assertIn(logs, ([], [0, 1]))  # none where both logs say the same

        asyncio.run(ask())

    def test_orders_reach_the_log_of_their_symbol_and_reports_come_from_both(self):
        async def trade():
            with exchange() as x:
                async with trader(x.url) as (ws, auth):
                    first = {one["log"]: int(one.get("next_client_seq", auth["next_client_seq"]))
                             for one in auth.get("logs", [{"log": 0}, {"log": 1}])}
                    ids = {}
                    for symbol, log in ((BTC, 1), (ETH, 0)):
                        await ws.send(json.dumps({"op": "order", "id": log, "symbol": symbol, "side": "buy", "px": "1.00",
                                                  "qty": "1", "client_seq": str(first[log])}))
                        report = await report_of(ws, log, client_seq=str(first[log]))
                        self.assertEqual((report["symbol"], report["exec_type"]), (symbol, "accepted"))
                        ids[symbol] = report["order_id"]
                    mine = await reply_to(ws, {"op": "open_orders", "id": "mine"})
                    self.assertEqual(sorted(o["symbol"] for o in mine["orders"]), [BTC, ETH])
                    lost = await reply_to(ws, {"op": "cancel", "id": "which", "order_id": ids[BTC],
                                               "client_seq": str(first[1] + 1)})
                    self.assertEqual(lost["code"], 1003)
                    await ws.send(json.dumps({"op": "cancel", "id": "that", "log": 1, "order_id": ids[BTC],
                                              "client_seq": str(first[1] + 1)}))
                    await report_of(ws, 1, order_id=ids[BTC], exec_type="canceled")
                # Both logs from their beginnings, on another connection.
                async with trader(x.url, logs=[{"log": 0, "exec_from": "1"}, {"log": 1, "exec_from": "1"}]) as (ws, _):
                    seen = set()
                    while seen != {(0, "accepted"), (1, "accepted"), (1, "canceled")}:
                        report = json.loads(await asyncio.wait_for(ws.recv(), 20))
                        if report["op"] == "exec":
                            seen.add((report["log"], report["exec_type"]))

        asyncio.run(trade())

    def test_the_python_trader_trades_symbols_of_both_logs(self):
        with exchange() as x, connect_trader(x.url, insecure=True) as trader_:
            orders = [trader_.buy(symbol, 1, price="1.00") for symbol in (BTC, ETH, BTC)]
            self.assertEqual([o.log for o in orders], [1, 0, 1])
            self.assertEqual([o.client_seq for o in orders], [1, 1, 2])
            self.assertTrue(all(o.is_open for o in orders))
            trader_.cancel(orders[0])
            self.assertEqual([o.is_open for o in orders], [False, True, True])
            self.assertEqual(sorted((o.log, o.order_id) for o in trader_.open_orders()),
                             sorted((o.log, o.order_id) for o in orders[1:]))
            trader_.cancel_all()
            self.assertEqual(trader_.open_orders(), [])

    def test_a_replay_is_of_one_log(self):
        with exchange() as x:
            self.assertTrue(wait_until(lambda: int(get(x.url, f"/v1/book/{BTC}", tls())["seq"]) > 300))
            with Replay(x.url, insecure=True, from_seq=1, to_seq=300, speed="max", log=1) as replay:
                replay.subscribe("mbo", BTC)
                symbols, end = set(), None
                for event in replay:
                    if isinstance(event, Frame):
                        symbols.add(event.symbol)
                    if isinstance(event, EndOfReplay):
                        end = event
                self.assertEqual((symbols, end.transactions), ({BTC}, 300))

    def test_polls_are_of_one_log(self):
        with exchange() as x:
            with self.assertRaises(Exception) as refused:
                get(x.url, "/v1/poll?symbols=*", tls())
            self.assertIn("400", str(refused.exception))
            self.assertTrue(get_bytes(x.url, f"/v1/poll?symbols={ETH}&from_seq=1"))

    def test_it_comes_back_with_both_logs_and_each_is_a_journal_that_verifies(self):
        with tempfile.TemporaryDirectory() as folder:
            journal = os.path.join(folder, "journal")
            x = exchange(journal=journal).start()
            ids = {s: i["instrument_id"] for s, i in instruments(x).items()}
            self.assertTrue(wait_until(lambda: int(get(x.url, f"/v1/book/{BTC}", tls())["seq"]) > 300))
            x.kill()
            with exchange(journal=journal) as again:
                self.assertEqual({s: i["instrument_id"] for s, i in instruments(again).items()}, ids)
            for channel in (0, 1):
                run("replay", os.path.join(journal, f"channel-{channel}"), "--verify", check=0)

    def test_another_number_of_channels_than_before_is_refused_and_says_what_to_do(self):
        with tempfile.TemporaryDirectory() as folder:
            for made, asked in ((2, 1), (1, 2), (2, 3)):
                journal = os.path.join(folder, f"{made}-{asked}")
                x = ExchangeProcess("--set", f"engine.channels={made}", journal=journal).start()
                self.assertEqual(x.stop(), 0)
                code, _, said = run("serve", "--demo", "--port", "0", "--journal", journal,
                                    "--set", f"engine.channels={asked}")
                self.assertEqual(code, 78, said)
                self.assertRegex(said, f"made with engine.channels = {made}, not {asked}")
                self.assertRegex(said, f"start with engine.channels = {made}")

    def test_a_symbol_that_is_told_another_channel_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            def config(channel):
                path = os.path.join(folder, f"{channel}.toml")
                with open(path, "w", encoding="utf-8") as file:
                    file.write(f'[[symbols]]\nsymbol = "A"\nbase = "A"\nquote = "USD"\ntick_size = "0.01"\n'
                               f'lot_size = "1"\nquantity_max = "100"\nprice_max = "100"\nchannel = {channel}\n')
                return path
            journal = os.path.join(folder, "journal")
            x = exchange("--config", config(1), journal=journal, demo=False).start()
            self.assertEqual(instruments(x)["A"]["instrument_id"] % 2, 0)
            self.assertEqual(x.stop(), 0)
            code, _, said = run("serve", "--port", "0", "--journal", journal, *TWO, "--config", config(0))
            self.assertEqual(code, 78, said)
            self.assertRegex(said, "it is on channel 1, not 0")

    def test_tail_and_book_show_a_symbol_wherever_it_is(self):
        with exchange() as x:
            for symbol in (BTC, ETH):
                _, told, _ = run("tail", symbol, "--url", x.url, "--count", "5", "--format", "json", check=0)
                self.assertEqual(len(told.splitlines()), 5)
                self.assertTrue(all(re.search(symbol, line) for line in told.splitlines()))


def get_bytes(url, path):
    import http.client
    connection = http.client.HTTPSConnection(url.removeprefix("wss://"), context=tls(), timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.read() if answer.status == 200 else b""


if __name__ == "__main__":
    unittest.main()
