#!/usr/bin/python3
"""A trader whose connection is cut: within the grace it comes back to its orders, without one they are gone."""
import asyncio
import contextlib
import json
import unittest

import websockets
from exchange_process import ExchangeProcess, trader


async def hear(ws, order=None, client_seq=None):
    """The next report of this order, or of the command with this client_seq."""
    while True:
        report = json.loads(await asyncio.wait_for(ws.recv(), 20))
        if order is not None and report.get("order_id") == order or client_seq is not None and report.get("client_seq") == client_seq:
            return report


async def leave_an_order(url):
    """Places an order that asks to be cancelled with its session, and loses the connection."""
    with contextlib.suppress(websockets.ConnectionClosed):
        async with trader(url) as (ws, auth):
            await ws.send(json.dumps({"op": "order", "client_seq": auth["next_client_seq"], "symbol": "BTC-USD",
                                      "side": "buy", "px": "1.00", "qty": "0.01", "cancel_on_disconnect": True}))
            report = await hear(ws, client_seq=auth["next_client_seq"])
            ws.transport.abort()
    return auth["session"], report["order_id"]


async def come_back(url, session, order):
    """Whether the session is resumed, and what a cancel of the order is answered."""
    async with trader(url, resume=session) as (ws, auth):
        await ws.send(json.dumps({"op": "cancel", "order_id": order, "client_seq": auth["next_client_seq"]}))
        return auth["resumed"], await hear(ws, order=order)


class LostSession(unittest.TestCase):
    def stay_away(self, *arguments):
        async def whole(url):
            return await come_back(url, *await leave_an_order(url))
        with ExchangeProcess("--set", "demo.commands_per_second=1", "--durability", "memory", *arguments) as x:
            return asyncio.run(whole(x.url))

    def test_within_the_grace_it_comes_back_to_its_orders(self):
        resumed, report = self.stay_away("--set", "feed.limits.disconnect_grace_ms=60000")
        self.assertTrue(resumed)
        self.assertEqual((report["exec_type"], report.get("flags", 0)), ("canceled", 0), report)

    def test_without_a_grace_they_are_gone(self):
        async def whole(url):
            session, order = await leave_an_order(url)
            for _ in range(200):  # the server may not have seen yet that the connection is dead
                async with trader(url, resume=session) as (_, auth):
                    if not auth["resumed"]:
                        return await come_back(url, session, order)
                await asyncio.sleep(0.05)
        with ExchangeProcess("--set", "demo.commands_per_second=1", "--durability", "memory") as x:
            _, report = asyncio.run(whole(x.url))
        self.assertEqual(report["exec_type"], "cancel_rejected", report)


if __name__ == "__main__":
    unittest.main()
