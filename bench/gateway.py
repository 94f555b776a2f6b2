#!/usr/bin/python3
"""What a gateway costs and gives: latency of ticks and orders beside the exchange's own in one run, and how fast a new
gateway catches up. Everything runs on this machine: one nats-server, one exchange, one or two gateways, one client.

    BOURSE_SOURCE_DIR=$PWD BOURSE_BINARY=build/release/app/bourse bench/gateway.py [--seconds N] [--rate N]
"""
import argparse
import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.environ["BOURSE_SOURCE_DIR"], "tests", "e2e"))
from exchange_process import connect, trader, wait_until  # noqa: E402
from gateway_process import GatewayProcess, NatsServers, exchange, head, metric  # noqa: E402
from bourse.frames import Frame  # noqa: E402
from bourse.records import Channel  # noqa: E402


def row(name, seconds):
    values = sorted(seconds)
    at = lambda share: values[min(int(share * len(values)), len(values) - 1)] * 1e3  # noqa: E731
    print(f"{name:<44} p50 {at(0.5):8.3f} ms   p90 {at(0.9):8.3f}   p99 {at(0.99):8.3f}   max {values[-1] * 1e3:8.3f}"
          f"   of {len(values)}")


async def arrivals(url, symbol, into, until):
    """Time of arrival of each transaction of a symbol at this client."""
    async with connect(url, "/v1/md") as ws:
        await ws.send(json.dumps({"op": "subscribe", "id": 1, "subs": [{"channel": "mbo", "symbols": [symbol]}]}))
        while (left := until - time.monotonic()) > 0:
            try:
                message = await asyncio.wait_for(ws.recv(), left)
            except asyncio.TimeoutError:
                return
            now = time.time_ns()
            if isinstance(message, bytes) and (frame := Frame(message)).channel == Channel.MBO and not frame.flags & 14:
                for seq, event in {int(r["seq"]): int(r["ts_event"]) for r in frame.rows}.items():
                    into.setdefault(seq, (now, event))


async def ticks(direct, gateway, seconds):
    until = time.monotonic() + seconds
    here, there = {}, {}
    await asyncio.gather(arrivals(direct, "BTC-USD", here, until), arrivals(gateway, "BTC-USD", there, until))
    both = sorted(set(here) & set(there))[200:]
    row("tick, sequenced -> client, exchange", [(here[s][0] - here[s][1]) / 1e9 for s in both])
    row("tick, sequenced -> client, gateway", [(there[s][0] - there[s][1]) / 1e9 for s in both])
    row("tick, what the gateway adds", [max(there[s][0] - here[s][0], 0) / 1e9 for s in both])


async def orders(url, name, count):
    async with trader(url) as (ws, auth):
        number, times = int(auth["next_client_seq"]), []
        for i in range(count):
            began = time.perf_counter()
            await ws.send(json.dumps({"op": "order", "client_seq": str(number + i), "symbol": "BTC-USD", "side": "buy",
                                      "px": "1.00", "qty": "0.01", "tif": "ioc"}))
            while str(json.loads(await ws.recv()).get("client_seq")) != str(number + i):
                pass
            times.append(time.perf_counter() - began)
    row(f"order -> report, {name}", times[20:])


def fed(url):
    """What is served; 0 while nobody is."""
    try:
        return head(url)
    except OSError:
        return 0


def used(process):
    """Resident memory in MiB and processor seconds."""
    with open(f"/proc/{process.pid}/status") as status:
        kib = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    with open(f"/proc/{process.pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return kib / 1024, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=int, default=1000, help="commands a second of the demo market")
    parser.add_argument("--backlog", type=int, default=200_000, help="transactions that a new gateway has to catch up")
    arguments = parser.parse_args()
    nats = NatsServers(1)
    try:
        with exchange(nats.url, "--durability", "memory", "--set", f"demo.commands_per_second={arguments.rate}") as x, \
                GatewayProcess(nats.url) as g:
            assert wait_until(lambda: metric(g.url, "bourse_gateway_orders_open") == 1)
            before = used(g.process)
            asyncio.run(ticks(x.url, g.url, arguments.seconds))
            after = used(g.process)
            print(f"gateway, {arguments.rate} commands/s: {after[0]:.0f} MiB resident, "
                  f"{(after[1] - before[1]) / arguments.seconds:.1%} of a core")
            for url, name in ((x.url, "exchange"), (g.url, "gateway"), (x.url, "exchange again")):
                asyncio.run(orders(url, name, 520))
        with exchange(nats.url, "--durability", "memory", "--set", "stream.subject=backlog",
                      "--set", "demo.commands_per_second=50000") as x:
            assert wait_until(lambda: fed(x.url) > arguments.backlog, 240)
            x.stop()
        began = time.monotonic()
        with GatewayProcess(nats.url, "--set", "stream.subject=backlog") as g:
            started = time.monotonic()
            assert wait_until(lambda: fed(g.url) >= arguments.backlog, 240)
            ended, count = time.monotonic(), fed(g.url)
            print(f"a new gateway: {count} transactions in {ended - began:.2f} s from its start "
                  f"({started - began:.2f} s of it until it listens), {count / (ended - started):,.0f}/s")
    finally:
        nats.close()


if __name__ == "__main__":
    main()
