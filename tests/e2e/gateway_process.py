"""`bourse gateway` and `bourse archive` on free ports, beside a private nats-server and an exchange that publishes there."""
import asyncio
import contextlib
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.environ["BOURSE_SOURCE_DIR"], "tests"))
from exchange_process import ExchangeProcess, https, metric, wait_until  # noqa: E402
from nats_server import NatsServers  # noqa: E402


class GatewayProcess(ExchangeProcess):
    """`with GatewayProcess(nats_url) as g`: g.url, g.journal as of an exchange. May be started again after kill()."""

    def __init__(self, nats, *arguments, word="gateway", journal=None):
        super().__init__(journal=journal)
        flag = "--journal" if word == "gateway" else "--dir"
        demo = ["--demo"] if word == "gateway" else []
        self.arguments = [word, *demo, "--nats", nats, "--port", "0", flag, self.journal,
                          "--set", "journal.segment_bytes=8388608", "--set", "stream.stale_ms=1000", *arguments]


def exchange(nats, *arguments, **options):
    return ExchangeProcess("--set", f"stream.url={nats}", *arguments, **options)


def readiness(url):
    status, text = https(url, "/readyz")
    return status == 200, json.loads(text)["reasons"]


def head(url):
    return int(json.loads(https(url, "/v1/status")[1])["journal"]["fed_seq"])


async def report_of(ws, client_seq, kinds=("exec", "outcome", "error")):
    while True:
        reply = json.loads(await asyncio.wait_for(ws.recv(), 20))
        if reply["op"] in kinds and str(reply.get("client_seq")) == str(client_seq):
            return reply


def order(client_seq, **more):
    return json.dumps({"op": "order", "client_seq": str(client_seq), "symbol": "BTC-USD", "side": "buy", "px": "1.00",
                       "qty": "0.01"} | more)


class GatewayCase(unittest.TestCase):
    """A nats-server of its own, and processes that end with the test."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.nats = NatsServers(1)
        self.addCleanup(self.nats.close)

    def start(self, *processes):
        return [self.stack.enter_context(process) for process in processes]

    def gateway(self, *arguments, **options):
        return GatewayProcess(self.nats.url, *arguments, **options)

    def assert_caught_up(self, gateway, sequence):
        self.assertTrue(wait_until(lambda: head(gateway.url) >= sequence), f"{head(gateway.url)} of {sequence}")
