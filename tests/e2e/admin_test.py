#!/usr/bin/python3
"""An administrator at work on a running exchange, over wss and by `bourse admin`."""
import asyncio
import json
import os
import re
import tempfile
import unittest

from exchange_process import ExchangeProcess, connect, run, trader
from subscribe import follow

SECRET = "an-administrators-secret-of-the-test"
CONFIG = """
[[keys]]
id = "boss"
account = 900
algorithm = "hmac-sha256"
secret_file = "{secret}"
scopes = "read admin"

[[keys]]
id = "desk"
account = 2
algorithm = "hmac-sha256"
secret_file = "{secret}"
"""


class Administration(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="bourse-admin-")
        self.addCleanup(self.folder.cleanup)
        self.secret = os.path.join(self.folder.name, "secret")
        config = os.path.join(self.folder.name, "bourse.toml")
        with open(self.secret, "w") as file:
            file.write(SECRET + "\n")
        with open(config, "w") as file:
            file.write(CONFIG.format(secret=self.secret))
        # A market that does nothing by itself but for one command a second.
        self.exchange = self.enterContext(ExchangeProcess(
            "--config", config, "--set", "demo.commands_per_second=1", "--durability", "memory"))

    def admin(self, *arguments, key="boss", check=0):
        code, out, err = run("admin", "--url", self.exchange.url, "--key", key, "--secret-file", self.secret,
                             "--format", "json", *arguments)
        self.assertEqual(code, check, out + err)
        return json.loads(out) if out else err

    def test_a_market_is_halted_and_resumed(self):
        halted = self.admin("phase", "BTC-USD", "halt")
        self.assertEqual((halted["op"], halted["command"], halted["decision"], halted["symbol"]),
                         ("decided", "set_phase", "accepted", "BTC-USD"))
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["reject"], "halted")
        self.admin("phase", "BTC-USD", "resume")
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["exec_type"], "accepted")
        refused = self.admin("phase", "BTC-USD", "halt", "--lasts-ms", "5", check=10)
        self.assertEqual((refused["decision"], refused["reject"], refused["reject_code"]), ("rejected", "bad_field", 5020))
        self.assertEqual(self.status(halted["seq"], 2), [8, 7])

    def status(self, start, count):
        async def watch():
            actions = []
            async for _, _, _, rows in follow(self.exchange.url, ["BTC-USD"], ["status"], start=int(start)):
                actions += [int(row["action"]) for row in rows]
                if len(actions) >= count:
                    return actions
        return asyncio.run(asyncio.wait_for(watch(), 20))

    async def order(self, symbol, side="buy", px="1.00", qty="0.01"):
        async with trader(self.exchange.url) as (ws, auth):
            await ws.send(json.dumps({"op": "order", "client_seq": auth["next_client_seq"], "symbol": symbol, "side": side,
                                      "px": px, "qty": qty}))
            while True:  # of all that happens to the account, what happens to this order
                report = json.loads(await asyncio.wait_for(ws.recv(), 20))
                if report.get("client_seq") == auth["next_client_seq"]:
                    return report

    def test_an_account_is_killed_and_comes_back(self):
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["exec_type"], "accepted")
        self.admin("account", "1", "--kill")
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["reject"], "account_disabled")
        self.admin("account", "1", "--enable", "--quantity", "1")
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["reject"], "max_quantity")

    def test_an_instrument_is_added_traded_busted_and_delisted_and_the_log_replays(self):
        added = self.admin("instrument", "add", "SOL-USD", "--base", "SOL", "--quote", "USD", "--lot", "0.1")
        self.assertEqual(added["instrument_id"], 3)
        self.assertEqual(self.admin("instrument", "add", "SOL-USD", "--tick", "1", check=10)["reject"], "instrument_exists")
        asyncio.run(self.order("SOL-USD", "buy", "20.00", "5"))

        async def sell():
            async with trader(self.exchange.url) as (ws, auth):
                await ws.send(json.dumps({"op": "order", "client_seq": auth["next_client_seq"], "symbol": "SOL-USD",
                                          "side": "sell", "px": "20.00", "qty": "5"}))
                while True:
                    report = json.loads(await ws.recv())
                    if report.get("match_id"):
                        return report["match_id"]
        trade = asyncio.run(asyncio.wait_for(sell(), 20))
        busted = self.admin("bust", "SOL-USD", trade)
        self.assertEqual(busted["command"], "bust_trade")
        self.assertEqual(self.admin("bust", "SOL-USD", trade, check=10)["reject"], "already_busted")
        self.assertEqual(self.trades("SOL-USD", added["seq"], 2), [b"B", b"V"])
        _, text, _ = run("tail", "SOL-USD", "--url", self.exchange.url, "--from", added["seq"], "--count", "2", "--channel",
                         "trade", "--format", "json", check=0)
        self.assertEqual([json.loads(line)["kind"] for line in text.splitlines()], ["B", "V"])
        self.admin("instrument", "change", "SOL-USD", "--quantity-max", "100")
        self.admin("rules", "SOL-USD", "--reference", "20", "--static-band", "5")
        self.assertEqual(asyncio.run(self.order("SOL-USD", px="30.00", qty="5"))["reject"], "price_collar")
        self.admin("cancel", "--symbol", "SOL-USD")
        self.admin("instrument", "delist", "SOL-USD")
        self.assertEqual(asyncio.run(self.order("SOL-USD", px="20.00", qty="5"))["reject"], "delisted")
        self.assertEqual(self.exchange.stop(), 0, "".join(self.exchange.output))
        run("replay", self.exchange.journal, "--verify", check=0)
        self.exchange.start()  # what was done stays done
        self.assertEqual(self.admin("instrument", "delist", "SOL-USD", check=10)["reject"], "delisted")
        self.assertEqual(self.admin("bust", "SOL-USD", trade, check=10)["reject"], "already_busted")

    def trades(self, symbol, start, count):
        async def watch():
            kinds = []
            async for _, _, _, rows in follow(self.exchange.url, [symbol], ["trade"], start=int(start)):
                kinds += [bytes(row["kind"]) for row in rows]
                if len(kinds) >= count:
                    return kinds
        return asyncio.run(asyncio.wait_for(watch(), 20))

    def test_without_the_scope_nothing_happens(self):
        said = self.admin("phase", "BTC-USD", "halt", key="desk", check=10)
        self.assertIn("scope_missing (3004)", said)
        said = self.admin("phase", "BTC-USD", "halt", key="nobody", check=10)
        self.assertIn("bad_signature (3002)", said)

        async def ask_the_demo_key():
            async with trader(self.exchange.url) as (ws, _):
                await ws.send(json.dumps({"op": "set_phase", "symbol": "BTC-USD", "phase": "halted"}))
                return json.loads(await ws.recv())
        self.assertEqual(asyncio.run(ask_the_demo_key())["code"], 3004)

        async def ask_without_a_key():
            async with connect(self.exchange.url, "/v1/trade") as ws:
                await ws.recv()
                await ws.send(json.dumps({"op": "set_phase", "symbol": "BTC-USD", "phase": "halted"}))
                return json.loads(await ws.recv())
        self.assertEqual(asyncio.run(ask_without_a_key())["code"], 3001)
        self.assertEqual(asyncio.run(self.order("BTC-USD"))["exec_type"], "accepted")

    def test_every_command_of_the_manual_is_understood(self):
        with open(os.path.join(os.environ["BOURSE_SOURCE_DIR"], "docs", "OPERATIONS.md"), encoding="utf-8") as file:
            commands = re.findall(r"`bourse admin ([^`]+)`", file.read())
        self.assertGreater(len(commands), 10)
        for command in commands:
            code, out, err = run("admin", "--url", self.exchange.url, "--key", "boss", "--secret-file", self.secret,
                                 *command.split())
            known = code == 0 or code == 10 and "unknown_trade" in err
            self.assertTrue(known, f"{command}: exit {code}\n{out}{err}")

    def test_what_is_missing_is_said(self):
        code, _, err = run("admin", "phase", "BTC-USD", "halt", "--url", self.exchange.url)
        self.assertEqual(code, 2)
        self.assertIn("--secret-file", err)
        self.assertEqual(run("admin", "phase", "BTC-USD")[0], 2)
        self.assertEqual(run("admin", "--key", "boss", "--secret-file", self.secret, "--url", "wss://127.0.0.1:1",
                             "phase", "BTC-USD", "halt")[0], 69)
        self.assertIn("unknown_instrument (5001)", self.admin("phase", "NONE", "halt", check=10))


if __name__ == "__main__":
    unittest.main()
