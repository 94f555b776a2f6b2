#!/usr/bin/python3
"""`bourse whatif`: a strategy's orders in a session that an exchange has recorded, by command line and JSON."""
import asyncio
import json
import os
import tempfile
import unittest

from exchange_process import ExchangeProcess, connect, run
import subscribe

SYMBOL = "BTC-USD"


class WhatIf(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-whatif-")
        cls.journal = cls.folder.name + "/journal"
        with ExchangeProcess("--durability", "memory", journal=cls.journal) as exchange:
            async def wait_for(seq):
                async with connect(exchange.url, "/v1/md") as ws:
                    await ws.send(json.dumps({"op": "subscribe", "id": 1, "subs": [
                        {"channel": "bbo", "symbols": [SYMBOL]}]}))
                    while True:
                        message = await ws.recv()
                        if not isinstance(message, str) and subscribe.read_frame(message)[0][2] > seq:
                            return
            asyncio.run(asyncio.wait_for(wait_for(3000), 60))
            exchange.stop()
        _, out, _ = run("book", SYMBOL, "--journal", cls.journal, "--at-seq", "1000", "--json", check=0)
        cls.book = json.loads(out)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def orders(self, text, name="orders.csv"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def whatif(self, orders, *arguments):
        _, out, _ = run("whatif", self.journal, "--orders", orders, "--json", *arguments, check=0)
        return json.loads(out)

    def best(self, side):
        return self.book[side][0]["price"]

    def test_a_taker_pays_the_offer_that_was_there_and_changes_the_market(self):
        orders = self.orders(f"after_seq,id,symbol,side,px,qty,tif\n1000,hit,{SYMBOL},buy,{self.book['asks'][-1]['price']},0.01,ioc\n")
        result = self.whatif(orders)
        self.assertTrue(result["counterfactual"])
        self.assertEqual((result["from_seq"], result["orders"][0]["status"]), ("1000", "filled"))
        fill = result["fills"][0]
        self.assertEqual((fill["qty"], fill["liquidity"]), ("0.01", "taker"))
        # Commands of the record with the time of sequence 1000 come first.
        self.assertLessEqual(float(fill["px"]), float(self.book["asks"][-1]["price"]))
        self.assertLessEqual(1000, int(fill["after_seq"]))
        self.assertEqual(result["positions"][0]["qty"], "0.01")
        self.assertEqual(result, self.whatif(orders), "twice the same")

    def test_a_maker_has_a_queue_position_and_json_lines_say_the_same_as_csv(self):
        price = self.best("bids")
        csv = self.orders(f"after_seq,id,action,symbol,side,px,qty\n1000,a,new,{SYMBOL},buy,{price},0.02\n2500,a,cancel,,,,\n")
        lines = self.orders("".join(json.dumps(one) + "\n" for one in (
            {"after_seq": "1000", "id": "a", "symbol": SYMBOL, "side": "buy", "px": price, "qty": "0.02"},
            {"after_seq": 2500, "id": "a", "action": "cancel"})), "orders.jsonl")
        result, twin = self.whatif(csv, "--latency-us", "250.5"), self.whatif(lines, "--latency-us", "250.5")
        self.assertEqual(result["fills"], twin["fills"])
        self.assertEqual([o["status"] for o in result["orders"]], [o["status"] for o in twin["orders"]])
        self.assertEqual(result["latency_ns"], "250500")
        queue = result["orders"][0]["queue"]
        self.assertTrue(queue)
        ahead = [float(place["ahead"]) for place in queue]
        self.assertEqual(ahead, sorted(ahead, reverse=True), "nobody is put ahead")

    def test_the_text_says_that_it_is_counterfactual(self):
        orders = self.orders(f"after_seq,symbol,side,px,qty\n1000,{SYMBOL},buy,{self.best('bids')},0.01\n")
        _, out, _ = run("whatif", self.journal, "--orders", orders, check=0)
        self.assertTrue(out.startswith("COUNTERFACTUAL"))

    def test_bad_orders_are_named_by_line_and_field(self):
        def refused(text, *arguments):
            code, out, err = run("whatif", self.journal, "--orders", self.orders(text), *arguments)
            self.assertEqual((code, out), (2, ""), err)
            return err
        head = "after_seq,symbol,side,px,qty\n"
        self.assertIn("orders.csv:2: px \"1.0000001\"", refused(head + f"5,{SYMBOL},buy,1.0000001,1\n"))
        self.assertIn("no symbol \"XRP\"", refused(head + "1000,XRP,buy,1,1\n"))
        self.assertIn("unknown field \"price\"", refused("after_seq,symbol,side,price\n"))
        self.assertIn("4 fields, the first line names 5", refused(head + "1,2,3,4\n"))
        self.assertIn("exactly one of time and after_seq", refused(head + f",{SYMBOL},buy,1,1\n"))
        self.assertIn("side \"long\" is not known", refused(head + f"1000,{SYMBOL},long,1,1\n"))
        self.assertIn("is not in the journal", refused(head + f"99999999,{SYMBOL},buy,1,1\n"))
        self.assertIn("no orders in the file", refused(head))
        self.assertIn("--latency-us", refused(head + f"1000,{SYMBOL},buy,1,1\n", "--latency-us", "-1"))
        self.assertIn("account 99999999", refused(head + f"1000,{SYMBOL},buy,1,1\n", "--account", "99999999"))


if __name__ == "__main__":
    unittest.main()
