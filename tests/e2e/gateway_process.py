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
from bourse.frames import Frame  # noqa: E402
from bourse.records import Channel, SystemCode  # noqa: E402


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


async def events(ws, streams, ends, until_of):
    """Adds to `streams` the bytes of all events up to the transaction that `until_of` names for a stream, until so many
    intervals have ended; each stream's chain must be whole."""
    last, ended = {}, 0
    async for message in ws:
        if isinstance(message, str):
            if (reply := json.loads(message))["op"] == "error":
                raise AssertionError(reply)
            continue
        frame = Frame(message)
        if frame.channel == Channel.SYSTEM:
            if frame.system.code == SystemCode.END_OF_INTERVAL:
                ended += len(frame.system.positions)
                if ended >= ends:
                    return
            continue
        if (rows := frame.rows) is None:
            continue
        stream = frame.stream_id
        if stream in last and frame.prev_seq != last[stream]:
            raise AssertionError(f"stream {stream}: {last[stream]} is followed by {frame.prev_seq}")
        last[stream] = frame.last_seq
        streams.setdefault(stream, bytearray()).extend(rows[rows["seq"] <= until_of(stream)].tobytes())


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
