#!/usr/bin/python3
"""Two nodes of an exchange with three channels under one lease: a standby executes every channel and leads with all of
them or with none, gateways follow whoever leads."""
import asyncio
import json
import os
import unittest

from channels_gateway_case import (BUSY, LOGS, QUIET, SYMBOLS, ChannelsCase, answer_of, heads, next_of, order, status)
from exchange_process import ExchangeProcess, run, trader, wait_until

LEASE = ("--set", "lease.enabled=true", "--set", "lease.takeover_ms=2000", "--set", "lease.hold_ms=1500")


class Node(ExchangeProcess):
    """One that may have to wait: follow() starts it as a standby, which serves when it leads."""

    def follow(self):
        return self.begin("--standby")

    def says(self, text, times=1):
        return wait_until(lambda: "".join(self.output).count(text) >= times)


class Standbys(ChannelsCase):
    def node(self, name, *arguments):
        options = (*LEASE, "--set", f"lease.node={name}", "--set", f"stream.url={self.nats.url}", "--config", self.config,
                   "--set", f"engine.channels={LOGS}", "--set", "journal.reserve_bytes=0")
        node = Node(*options, *arguments, journal=os.path.join(self.folder, name))
        self.addCleanup(lambda: node.process and node.process.poll() is None and node.kill())
        return node

    def assert_follows(self, node):
        for log in range(LOGS):
            self.assertTrue(node.says(f"channel {log}: following the stream"), "".join(node.output))

    def assert_leads(self, node):
        self.assertTrue(node.serves.wait(60), "".join(node.output))

    def test_a_standby_takes_over_every_channel_and_forgets_nothing_that_was_acknowledged(self):
        level = ("--durability", "replicated", "--set", "demo.commands_per_second=300")
        a, b = self.node("a", *level).start(), self.node("b", *level).follow()
        g, = self.start(self.gateway())
        self.assert_follows(b)
        self.assert_orders_open(g)

        async def trade(url, numbers):
            """Orders of every log; what each was told."""
            async with trader(url) as (ws, auth):
                numbers = numbers or next_of(auth)
                told = []
                for log, symbols in SYMBOLS.items():
                    await ws.send(order(numbers[log], symbols[0]))
                    told.append(await answer_of(ws, log, numbers[log]))
                return numbers, told
        numbers, accepted = asyncio.run(asyncio.wait_for(trade(a.url, None), 60))
        self.assertEqual([one["exec_type"] for one in accepted], ["accepted"] * LOGS)
        known = heads(a.url)
        a.kill()
        self.assert_leads(b)
        self.assertTrue(all(now > before for now, before in zip(heads(b.url), known)))
        self.assertEqual([one["epoch"] for one in status(b.url)["logs"]], [2] * LOGS)
        for url in (b.url, g.url):
            if url == g.url:
                self.assert_orders_open(g)
            _, again = asyncio.run(asyncio.wait_for(trade(url, numbers), 60))
            self.assertEqual([(one["op"], one["seq"]) for one in again],
                             [("outcome", one["seq"]) for one in accepted])
        until = heads(b.url)
        self.assert_reaches(g, until)
        self.assert_same_events(b, g, until)

        # The one that was killed follows, and leads as soon as the other one has given the lease back.
        a.follow()
        self.assert_follows(a)
        self.assertEqual(b.stop(), 0)
        self.assert_leads(a)
        self.assertEqual([one["epoch"] for one in status(a.url)["logs"]], [3] * LOGS)
        until = heads(a.url)
        self.assert_reaches(g, until)
        self.assert_same_events(a, g, until)
        self.assertEqual(a.stop(), 0)
        for node in (a, b):
            for log in range(LOGS):
                run("replay", os.path.join(node.journal, f"channel-{log}"), "--verify", check=0)

    def test_a_leader_that_was_stopped_ends_when_it_goes_on_and_tells_nobody_anything_more(self):
        level = ("--durability", "replicated", "--set", "demo.commands_per_second=100")
        a, b = self.node("a", *level).start(), self.node("b", *level).follow()
        self.assert_follows(b)
        a.process.send_signal(19)  # SIGSTOP
        self.assert_leads(b)
        a.process.send_signal(18)
        self.assertEqual(a.process.wait(60), 76)
        a.close_output()
        a.follow()
        self.assert_follows(a)
        self.assertEqual(b.stop(), 0)
        self.assert_leads(a)
        self.assertEqual(a.stop(), 0)
        for log in range(LOGS):
            run("replay", os.path.join(a.journal, f"channel-{log}"), "--verify", check=0)

    def test_a_standby_that_is_asked_to_end_does(self):
        self.node("a", *BUSY).start()
        b = self.node("b", *BUSY).follow()
        self.assert_follows(b)
        self.assertEqual(b.stop(), 0)

    def test_a_node_with_another_number_of_channels_is_refused_and_says_which_there_is(self):
        self.node("a", *QUIET).start()
        for channels in (1, 2):
            b = self.node("b" + str(channels), *QUIET, "--set", f"engine.channels={channels}").follow()
            self.assertEqual(b.process.wait(30), 78)
            b.close_output()
            self.assertRegex("".join(b.output), f"the exchange has 3 channels, and this node {channels}")
            self.assertRegex("".join(b.output), "set engine.channels = 3")


if __name__ == "__main__":
    unittest.main()
