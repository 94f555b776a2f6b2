#!/usr/bin/python3
"""Everything at once: three nats-servers, two engines, two gateways, traders and subscribers, and somebody who kills.

The short form runs with the other tests. The long form:

    tests/chaos/chaos_test.py --minutes 10 --kills 20 --subscribers 500 --rate 10000

Without any harm (--kills 0) it measures what the machine can do, and what for.

The clients are bourse_chaos_load. At the end the checker (recorded.py) compares all that clients were told with the journal
that is left. A failure prints the seed; --seed repeats the order of the harms, though not their microseconds."""
import argparse
import contextlib
import os
import random
import subprocess
import sys
import time
import unittest

from cluster import NOT_LEADER, Cluster
from islands import Islands
from wire_load import WireLoad


class Harms:
    """What is done, one at a time; each is undone before the next one. A majority of the servers is left alone, unless all
    are meant."""

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self.cluster, self.rng = cluster, rng
        self.done: list[str] = []

    def leader_killed(self) -> None:
        leader = self.cluster.leader
        if leader:
            leader.kill()
            time.sleep(self.rng.uniform(0.2, 2))

    def standby_killed(self) -> None:
        for node in self.cluster.nodes:
            if node is not self.cluster.leader:
                node.kill()
        time.sleep(self.rng.uniform(0, 1))

    def server_killed(self) -> None:
        index = self.rng.randrange(len(self.cluster.nats.ports))
        self.cluster.nats.kill(index)
        time.sleep(self.rng.uniform(0.5, 4))
        self.cluster.nats.start(index)

    def leader_stopped(self) -> None:
        """Longer than the lease: it comes back as a zombie."""
        leader = self.cluster.leader
        if not leader:
            return
        leader.pause()
        time.sleep(self.cluster.takeover_ms / 1000 + self.rng.uniform(1, 3))
        leader.go_on()

    def leader_cut_off(self) -> None:
        """Its cable to NATS is pulled; clients still reach it. Longer than the lease, or for a moment."""
        leader, islands = self.cluster.leader, self.cluster.islands
        if not leader or not islands:
            return
        islands.cut(leader.index)
        time.sleep(self.rng.choice((self.rng.uniform(0.3, 2), self.cluster.takeover_ms / 1000 + self.rng.uniform(1, 6))))
        islands.mend(leader.index)

    def gateway_killed(self) -> None:
        self.rng.choice(self.cluster.gateways).kill()
        time.sleep(self.rng.uniform(0, 2))

    def gateways_killed(self) -> None:
        for gateway in self.cluster.gateways:
            gateway.kill()

    def gateway_stopped(self) -> None:
        """Its clients are not told: they have to notice."""
        gateway = self.rng.choice(self.cluster.gateways)
        gateway.pause()
        time.sleep(self.rng.uniform(0.5, 8))
        gateway.go_on()

    def leader_stopped_for_a_moment(self) -> None:
        leader = self.cluster.leader
        if leader:
            leader.pause()
            time.sleep(self.rng.uniform(0.1, 0.8))
            leader.go_on()

    def server_stopped(self) -> None:
        index = self.rng.randrange(len(self.cluster.nats.ports))
        self.cluster.nats.pause(index)
        time.sleep(self.rng.uniform(0.5, 4))
        self.cluster.nats.resume(index)

    def all_servers_killed(self) -> None:
        for index in range(len(self.cluster.nats.ports)):
            self.cluster.nats.kill(index)
        time.sleep(self.rng.uniform(0.2, 1))
        for index in range(len(self.cluster.nats.ports)):
            self.cluster.nats.start(index)

    def all_stores_cut(self) -> None:
        """The stream and the lease are gone; the leader makes both again, out of its journal."""
        if not self.cluster.leader:
            return
        for index in range(len(self.cluster.nats.ports)):
            self.cluster.nats.kill(index)
        for index in range(len(self.cluster.nats.ports)):
            self.cluster.nats.cut_store(index)
            self.cluster.nats.start(index)

    NAMES = ("leader_killed", "standby_killed", "server_killed", "leader_stopped", "leader_stopped_for_a_moment", "server_stopped",
             "all_servers_killed", "all_stores_cut", "gateway_killed", "gateways_killed", "gateway_stopped", "leader_cut_off")

    @property
    def names(self) -> list[str]:
        return [name for name in self.NAMES if name != "leader_cut_off" or self.cluster.islands]

    def do(self, name: str) -> None:
        began = time.monotonic()
        getattr(self, name)()
        self.done.append(name)
        print(f"  {name} ({time.monotonic() - began:.1f} s)", flush=True)


def until_orders_flow(c: Cluster, load: WireLoad, what: str) -> None:
    hurt = time.monotonic()
    while time.monotonic() - hurt < 90:
        c.tend()
        before = load.told
        time.sleep(0.2)
        if c.leader and load.told > before + 5:
            return
    raise AssertionError(f"seed {load.seed}: no orders are acknowledged 90 s after {what}\n{c.outputs()}")


def cpu_seconds(c: Cluster, load: WireLoad) -> dict[str, float]:
    """Of each process so far."""
    processes = {f"nats-server-{i}": one for i, one in enumerate(c.nats.processes)} | {p.name: p.process for p in c.processes}
    ticks = os.sysconf("SC_CLK_TCK")
    used = {}
    for name, process in (processes | {"clients": load.process}).items():
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        used[name] = (int(fields[11]) + int(fields[12])) / ticks
    return used


def run(minutes: float, kills: int, subscribers: int, rate: float, seed: int, servers: int, traders: int, first=()) -> str:
    rng = random.Random(seed)
    symbols = max(4, subscribers // 2)
    print(f"seed {seed}: {servers} nats-servers, 2 engines, 2 gateways, {subscribers} subscribers of {symbols} symbols, "
          f"{traders} traders, {rate:.0f} orders/s asked for, {kills} harms in {minutes} minutes", flush=True)
    with contextlib.ExitStack() as stack:
        islands = None
        try:
            islands = stack.enter_context(contextlib.closing(Islands(2)))
        except unittest.SkipTest as reason:
            print(f"  no partitions: {reason}", flush=True)
        c = stack.enter_context(
            Cluster(servers=servers, gateways=2, traders=traders, symbols=symbols, takeover_ms=3000, islands=islands))
        harms = Harms(c, rng)
        with WireLoad(c, seed=seed, subscribers=subscribers, rate=rate) as load:
            load.wait_for(50, 120)
            if not kills:
                time.sleep(10)  # until all subscribers are there
            began, sent, told = time.monotonic(), load.sent, load.told
            used = {} if kills else cpu_seconds(c, load)
            plan = [*first, *rng.sample(harms.names, len(harms.names)), *(rng.choice(harms.names) for _ in range(kills))][:kills]
            pauses = []
            for number, name in enumerate(plan):
                due = began + (number + rng.random()) * minutes * 60 / kills
                time.sleep(max(0.0, due - time.monotonic()))
                hurt = time.monotonic()
                harms.do(name)
                until_orders_flow(c, load, name)
                pauses.append(load.standstill(hurt, time.monotonic()))
                print(f"    no acknowledgement for {pauses[-1]:.1f} s", flush=True)
            time.sleep(max(0.0, began + minutes * 60 - time.monotonic()))
            c.tend()
            load.wait_for(20, 120)
            seconds = time.monotonic() - began
            sent, told = load.sent - sent, load.told - told
            if not kills:
                cores = {name: (after - used[name]) / seconds for name, after in cpu_seconds(c, load).items()}
                print("  of a core: " + ", ".join(f"{name} {share:.2f}" for name, share in cores.items()), flush=True)
            load.end()
            print(f"  the clients have everything after {time.monotonic() - began - seconds:.1f} s", flush=True)
            c.wait(lambda: c.leader, 60, "nobody leads at the end")
            journal = c.leader.journal
            for one in c.processes:
                if one.is_alive and one.stop() not in (0, NOT_LEADER):
                    raise AssertionError(c.outputs())
            verified = subprocess.run([os.environ["BOURSE_BINARY"], "replay", str(journal), "--verify"], capture_output=True, text=True)
            if verified.returncode:
                raise AssertionError(verified.stdout + verified.stderr)
            line = load.check(journal)
        result = (f"{line}; {sent / seconds:.0f} orders/s sent, {told / seconds:.0f} orders/s acknowledged "
                  f"({load.rate(began, began + seconds):.0f} in the median second); ")
        if pauses:
            pauses.sort()
            result += (f"harms: {', '.join(f'{harms.done.count(n)} {n}' for n in Harms.NAMES if n in harms.done)}; the longest time "
                       f"without an acknowledgement: {pauses[len(pauses) // 2]:.1f} s (half of the harms), {pauses[-1]:.1f} s (all); ")
        return result + "no fault"


class Chaos(unittest.TestCase):
    def test_rows_21_to_26_nothing_told_is_lost_or_doubled_and_every_chain_is_whole(self):
        seed = int(os.environ.get("BOURSE_SEED", str(random.SystemRandom().randrange(2**32))))
        harms = ("leader_killed", "server_killed", "leader_stopped", "all_stores_cut", "gateway_killed", "gateway_stopped",
                 "leader_cut_off")
        print(run(0.5, 4, 20, 500, seed, 3, 2, first=random.Random(seed).sample(harms, 4)))


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1].startswith("--minutes"):
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--minutes", type=float, default=10)
        parser.add_argument("--kills", type=int, default=20)
        parser.add_argument("--subscribers", type=int, default=500)
        parser.add_argument("--rate", type=float, default=10000)
        parser.add_argument("--servers", type=int, default=3, choices=(1, 3))
        parser.add_argument("--traders", type=int, default=4)
        parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
        a = parser.parse_args()
        print(run(a.minutes, a.kills, a.subscribers, a.rate, a.seed, a.servers, a.traders))
    else:
        sys.exit(unittest.main())
