"""An exchange with three channels beside a private nats-server, and what tests of it ask: heads of each log, the bytes
of every event of every symbol, orders with the client sequences of their log."""
import asyncio
import json
import os
import tempfile

from exchange_process import connect, https, wait_until
from gateway_process import GatewayCase, GatewayProcess, events, exchange


LOGS = 3
CHANNELS = ["mbo", "trade", "bbo"]
# Symbols of each log; the second of log 1 is where its name puts it, the others where the configuration says.
SYMBOLS = {0: ["AAA-USD"], 1: ["BBB-USD", "BBC-USD"], 2: ["CCC-USD"]}
THREE = ("--set", f"engine.channels={LOGS}")
BUSY = ("--durability", "memory", "--set", "demo.commands_per_second=600")
QUIET = ("--durability", "memory", "--set", "demo.commands_per_second=3")
SECRET = "a-secret-of-the-test-for-several-keys"

SYMBOL = """
[[symbols]]
symbol = "{symbol}"
base = "{base}"
quote = "USD"
tick_size = "0.01"
lot_size = "0.01"
quantity_max = "1000"
price_max = "100000"
channel = {log}
"""
KEYS = """
[[keys]]
id = "boss"
account = 900
algorithm = "hmac-sha256"
secret_file = "{secret}"
scopes = "read admin"

[[keys]]
id = "risk"
account = 901
algorithm = "hmac-sha256"
secret_file = "{secret}"
scopes = "dropcopy"
accounts = "1 2"
"""


def status(url):
    return json.loads(https(url, "/v1/status")[1])


def heads(url):
    return [int(one["fed_seq"]) for one in status(url)["logs"]]


def metrics(url, name):
    """{labels as text: value} of every series of this name."""
    found = {}
    for line in https(url, "/metrics")[1].splitlines():
        if line.startswith((name + " ", name + "{")):
            found[line[len(name):line.rindex(" ")]] = float(line.split()[-1])
    return found


def by_log(url, name):
    """[value of log 0, of log 1, ...], sums over what else divides the series."""
    found = metrics(url, name)
    return [sum(value for labels, value in found.items() if f'log="{log}"' in labels) for log in range(LOGS)]


def order(client_seq, symbol, **more):
    return json.dumps({"op": "order", "client_seq": str(client_seq), "symbol": symbol, "side": "buy", "px": "1.00",
                       "qty": "0.01"} | more)


def next_of(auth):
    """The next client sequence of each log."""
    told = {one["log"]: one for one in auth.get("logs", [])}
    return [int(told.get(log, {}).get("next_client_seq", auth["next_client_seq"])) for log in range(LOGS)]


async def answer_of(ws, log, client_seq, ops=("exec", "outcome", "error")):
    """The next message of this log about this client sequence."""
    while True:
        message = json.loads(await asyncio.wait_for(ws.recv(), 20))
        if message["op"] in ops and message.get("log") == log and str(message.get("client_seq")) == str(client_seq):
            return message


async def everything(url, until, start=(1,) * LOGS):
    """{stream: bytes of its events} from `start` to `until`, which name a transaction of each log."""
    streams, ends = {}, sum(len(symbols) for symbols in SYMBOLS.values()) * len(CHANNELS)
    async with connect(url, "/v1/md") as ws:
        await ws.send(json.dumps({"op": "subscribe", "id": 1, "subs": [
            {"channel": channel, "symbols": SYMBOLS[log], "start": {"seq": str(start[log])},
             "end": {"seq": str(until[log])}} for channel in CHANNELS for log in range(LOGS)]}))
        await asyncio.wait_for(
            events(ws, streams, ends, lambda stream: until[((stream & 0xFFFFFF) - 1) % LOGS]), 60)
    return {stream: bytes(data) for stream, data in streams.items()}


class ChannelsCase(GatewayCase):
    """The exchange of the test has its symbols and keys from a file, gateways their keys from the same one."""

    def setUp(self):
        super().setUp()
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="bourse-three-"))
        self.folder, self.config = folder, os.path.join(folder, "bourse.toml")
        self.secret = os.path.join(folder, "secret")
        with open(self.secret, "w", encoding="utf-8") as file:
            file.write(SECRET + "\n")
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(KEYS.format(secret=self.secret))
            for log, symbols in SYMBOLS.items():
                for symbol in symbols:
                    file.write(SYMBOL.format(symbol=symbol, base=symbol[:3], log=log))

    def exchange(self, *arguments, **options):
        return exchange(self.nats.url, *THREE, "--config", self.config, *arguments, **options)

    def gateway(self, *arguments, **options):
        return GatewayProcess(self.nats.url, *THREE, "--config", self.config, *arguments, **options)

    def assert_reaches(self, process, sequences):
        reaches = wait_until(lambda: all(a >= b for a, b in zip(heads(process.url), sequences)))
        self.assertTrue(reaches, f"{heads(process.url)} of {sequences}")

    def assert_same_events(self, x, g, until):
        direct = asyncio.run(everything(x.url, until))
        self.assertEqual(asyncio.run(everything(g.url, until)), direct)
        self.assertEqual(len(direct), 4 * len(CHANNELS))
        self.assertTrue(all(direct.values()))

    def assert_orders_open(self, *gateways):
        for g in gateways:
            self.assertTrue(wait_until(lambda: by_log(g.url, "bourse_gateway_orders_open") == [1] * LOGS))
