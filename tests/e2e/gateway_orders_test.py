#!/usr/bin/python3
"""Orders through gateways: done once whoever is asked again, and ended with their connection or their gateway."""
import asyncio
import contextlib
import json
import unittest

import websockets
from exchange_process import connect, trader, wait_until
from gateway_process import GatewayCase, exchange, metric, order, report_of

QUIET = ("--durability", "memory", "--set", "demo.commands_per_second=1")


class GatewayOrders(GatewayCase):
    def test_an_order_through_a_gateway_is_done_once_whoever_is_asked_again(self):
        x, a, b = self.start(exchange(self.nats.url, *QUIET), self.gateway(), self.gateway())
        self.assertTrue(wait_until(lambda: metric(a.url, "bourse_gateway_orders_open") == 1 ==
                                   metric(b.url, "bourse_gateway_orders_open")))

        async def trade():
            async with trader(a.url) as (first, auth):
                number = auth["next_client_seq"]
                await first.send(order(number))
                accepted = await report_of(first, number)
                self.assertEqual((accepted["op"], accepted["exec_type"]), ("exec", "accepted"), accepted)
                await first.send(order(number))
                again = await report_of(first, number, ("outcome", "error"))
                self.assertEqual((again["op"], again["seq"]), ("outcome", accepted["seq"]), again)
                for url in (b.url, x.url):
                    async with trader(url) as (other, _):
                        await other.send(order(number))
                        there = await report_of(other, number, ("outcome", "error"))
                        self.assertEqual((there["op"], there["seq"]), ("outcome", accepted["seq"]), there)
                # Both at once, before either log has it.
                async with trader(b.url) as (second, _):
                    await asyncio.gather(first.send(order(int(number) + 1)), second.send(order(int(number) + 1)))
                    one = await report_of(first, int(number) + 1, ("exec",))
                    self.assertEqual(one["exec_type"] in ("accepted", "rejected"), True, one)
                await first.send(json.dumps({"op": "open_orders", "id": 9}))
                while (reply := json.loads(await first.recv()))["op"] != "open_orders":
                    pass
                self.assertEqual(len(reply["orders"]), 2)
                await first.send(json.dumps({"op": "mass_cancel", "client_seq": str(int(number) + 2)}))
        asyncio.run(trade())

    def test_sessions_of_two_gateways_and_the_exchange_have_different_names(self):
        x, a, b = self.start(exchange(self.nats.url, *QUIET), self.gateway(), self.gateway())

        async def names(url):
            found = []
            for _ in range(3):
                async with connect(url, "/v1/md") as ws:
                    found.append(json.loads(await ws.recv())["session"])
            return found
        found = [name for process in (x, a, b) for name in asyncio.run(names(process.url))]
        self.assertEqual(len(set(found)), 9, found)

    def test_orders_end_with_their_connection_and_with_their_gateway(self):
        x, g = self.start(exchange(self.nats.url, *QUIET), self.gateway())
        self.assertTrue(wait_until(lambda: metric(g.url, "bourse_gateway_orders_open") == 1))

        async def leave(kill):
            async with trader(x.url) as (watcher, auth):
                number = auth["next_client_seq"]
                with contextlib.suppress(websockets.ConnectionClosed):
                    async with trader(g.url) as (ws, _):
                        await ws.send(order(number, cancel_on_disconnect=True))
                        accepted = await report_of(ws, number)
                        self.assertEqual(accepted["exec_type"], "accepted", accepted)
                        if kill:
                            g.kill()
                        else:
                            ws.transport.abort()
                while True:
                    report = json.loads(await asyncio.wait_for(watcher.recv(), 20))
                    if report.get("order_id") == accepted["order_id"] and report["exec_type"] == "canceled":
                        return
        asyncio.run(leave(kill=False))
        asyncio.run(leave(kill=True))
        self.assertEqual(metric(x.url, "bourse_gateways_given_up_total"), 1)


if __name__ == "__main__":
    unittest.main()
