#!/usr/bin/python3
"""Drop copies by the package: every report of every watched account, once and in its order, over a killed exchange."""
import asyncio
import os
import tempfile
import unittest

from package import ROOT  # noqa: F401

try:
    import websockets  # noqa: F401
except ImportError:
    print("skipped: needs python3-websockets")
    raise SystemExit(77)

from exchange_process import ExchangeProcess

import bourse

SECRET = "a-risk-desk's-secret-of-the-test"
CONFIG = """
[[keys]]
id = "risk"
account = 900
algorithm = "hmac-sha256"
secret_file = "{secret}"
scopes = "dropcopy"
accounts = "1 2"

[[keys]]
id = "second"
account = 2
algorithm = "hmac-sha256"
secret_file = "{secret}"
"""


class DropCopies(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bourse-dropcopy-"))
        secret, config = os.path.join(folder, "secret"), os.path.join(folder, "bourse.toml")
        with open(secret, "w") as file:
            file.write(SECRET + "\n")
        with open(config, "w") as file:
            file.write(CONFIG.format(secret=secret))
        self.exchange = self.enterContext(ExchangeProcess("--config", config, "--set", "demo.commands_per_second=1",
                                                          journal=os.path.join(folder, "journal")))

    def copy(self, accounts=(1, 2), **options):
        copy = bourse.DropCopy(self.exchange.url, "risk", SECRET, accounts, insecure=True, **options)
        self.addCleanup(copy.close)
        return copy

    def trader(self, key="demo", secret=None):
        trader = bourse.connect(self.exchange.url, key, secret or b"bourse-demo-secret-not-for-production", insecure=True)
        self.addCleanup(trader.close)
        return trader

    def test_the_reports_of_two_accounts_come_in_the_order_of_each(self):
        copy = self.copy()
        self.assertEqual(copy.accounts, [1, 2])
        first, second = self.trader(), self.trader("second", SECRET)
        for i in range(5):
            first.buy("BTC-USD", "0.01", price=f"{10 + i}.00")
            second.buy("BTC-USD", "0.01", price=f"{10 + i}.00")
        found = list(copy.reports(1.0))
        for account in (1, 2):
            mine = [r for a, r in found if a == account]
            self.assertEqual([r.type for r in mine], ["accepted"] * 5)
            self.assertEqual([r.exec_seq for r in mine], list(range(1, 6)))

    def test_one_that_begins_with_the_first_report_gets_what_was_before_it(self):
        trader = self.trader()
        order = trader.buy("BTC-USD", "0.01", price="10.00")
        trader.cancel(order)
        found = list(self.copy([1], start=1).reports(1.0))
        self.assertEqual([(a, r.type, r.order_id) for a, r in found],
                         [(1, "accepted", order.order_id), (1, "canceled", order.order_id)])
        self.assertEqual([r.type for _, r in self.copy([1], start={1: 2}).reports(1.0)], ["canceled"])

    def test_a_killed_exchange_costs_no_report_and_doubles_none(self):
        copy, port = self.copy(), self.exchange.url.rsplit(":", 1)[1]
        self.trader().buy("BTC-USD", "0.01", price="10.00")
        found = list(copy.reports(1.0))
        self.exchange.kill()
        self.exchange.arguments[self.exchange.arguments.index("--port") + 1] = port
        self.exchange.start()
        self.trader().buy("BTC-USD", "0.01", price="11.00")
        found += list(copy.reports(5.0))
        self.assertEqual([r.exec_seq for _, r in found], [1, 2])
        self.assertEqual(copy.reconnects, 1)

    def test_what_the_key_may_not_watch_is_refused(self):
        with self.assertRaises(bourse.RemoteError) as refused:
            self.copy([1, 3])
        self.assertEqual(refused.exception.code, 2002)
        with self.assertRaises(bourse.RemoteError) as refused:
            bourse.DropCopy(self.exchange.url, "risk", "another secret than that", insecure=True)
        self.assertEqual(refused.exception.code, 3002)

    def test_with_a_loop_of_ones_own_it_is_the_same(self):
        async def watch():
            async with bourse.AsyncDropCopy(self.exchange.url, "risk", SECRET, [1], insecure=True) as copy:
                async with bourse.AsyncTrader(self.exchange.url, insecure=True) as trader:
                    order = await trader.buy("BTC-USD", "0.01", price="10.00")
                async for account, report in copy:
                    return account, report.order_id, order.order_id
        account, told, sent = asyncio.run(asyncio.wait_for(watch(), 60))
        self.assertEqual((account, told), (1, sent))


if __name__ == "__main__":
    unittest.main()
