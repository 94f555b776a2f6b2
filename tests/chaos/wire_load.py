"""bourse_chaos_load beside a cluster: traders and subscribers in a process of their own, while the test does harm."""
from __future__ import annotations

import os
import pathlib
import re
import statistics
import subprocess
import threading
import time

from clients import SECRET
from cluster import Cluster
from recorded import Recorded, RecordedTruth, read, read_recorded_truth, recorded_faults, recorded_summary

_LINE = re.compile(r"sent (\d+) accepted (\d+) answered (\d+) waiting (\d+) rows (\d+)")


def program() -> str:
    beside = pathlib.Path(os.environ["BOURSE_BINARY"]).parents[1] / "tests/bourse_chaos_load"
    return os.environ.get("BOURSE_CHAOS_LOAD", str(beside))


class WireLoad:
    """`with WireLoad(cluster, ...) as load: ...`, load.end() while the cluster is whole, then load.check(journal)."""

    def __init__(self, cluster: Cluster, *, seed: int, subscribers: int, rate: float, wander: int = 30, patience: int = 120) -> None:
        self.cluster, self.seed = cluster, seed
        self.folder = cluster.folder / "told"
        self.folder.mkdir()
        ports = [",".join(one.address for one in some) for some in (cluster.gateways, cluster.nodes)]
        self.command = [program(), f"--gateways={ports[0]}", f"--engines={ports[1]}", f"--symbols={','.join(cluster.symbols)}",
                        f"--out={self.folder}", f"--secret={SECRET.decode()}", f"--traders={len(cluster.keys)}",
                        f"--subscribers={subscribers}", f"--rate={rate:.0f}", f"--wander={wander}", f"--patience={patience}",
                        f"--seed={seed % 2**31 + 1}"]
        self.sent = self.told = self.answered = self.waiting = self.rows = 0
        self.heard: list[tuple[float, int]] = []  # when, and how many orders had been acknowledged; ten times a second

    def __enter__(self) -> WireLoad:
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if match := _LINE.match(line):
                self.sent, self.told, self.answered, self.waiting, self.rows = map(int, match.groups())
                self.heard.append((time.monotonic(), self.told))

    def standstill(self, begin: float, end: float) -> float:
        """The longest time without an acknowledgement, in seconds."""
        changes = [begin]
        for (_, before), (at, told) in zip(self.heard, self.heard[1:]):
            if begin < at < end and told > before:
                changes.append(at)
        return max(b - a for a, b in zip(changes, [*changes[1:], end]))

    def rate(self, begin: float, end: float) -> float:
        """Orders acknowledged in a second: the median of all seconds, so that those without a leader do not count."""
        seconds: dict[int, int] = {}
        for (_, before), (at, told) in zip(self.heard, self.heard[1:]):
            if begin < at < end:
                seconds[int(at - begin)] = seconds.get(int(at - begin), 0) + told - before
        return statistics.median(seconds.values()) if seconds else 0.0

    def wait_for(self, more: int, seconds: float = 60) -> float:
        """Until so many more orders have been acknowledged; how long it took."""
        begin, wanted = time.monotonic(), self.told + more
        while self.told < wanted:
            if time.monotonic() - begin > seconds:
                raise AssertionError(f"seed {self.seed}: {more} more acknowledgements did not come within {seconds} s\n"
                                     f"{self.cluster.outputs()}")
            time.sleep(0.01)
        return time.monotonic() - begin

    def end(self) -> None:
        """No new orders; each one under way gets its answer, each subscriber all of it."""
        assert self.process.stdin
        self.process.stdin.write("end\n")
        self.process.stdin.flush()
        while self.process.poll() is None:
            self.cluster.tend()
            time.sleep(0.1)
        if self.process.returncode not in (0, 1):
            raise AssertionError(f"seed {self.seed}: bourse_chaos_load ended with {self.process.returncode}")

    @staticmethod
    def _blindness(recorded: Recorded, truth: RecordedTruth) -> list[str]:
        accepted = truth.reports[1]["exec_type"] == 0
        truth.reports[1]["order_id"][accepted.argmax()] += 1
        recorded.subscribers[0].pieces["crc"][-1:] ^= 1
        lies = " ".join(recorded_faults(recorded, truth))
        truth.reports[1]["order_id"][accepted.argmax()] -= 1
        return [f"the checker does not see: {lie}" for lie in ("acknowledged order lost", "not what the journal has") if lie not in lies]

    def check(self, journal: pathlib.Path) -> str:
        """Against this journal. Raises with all faults, and if the same with two lies in it has none."""
        recorded, truth = read(self.folder), read_recorded_truth(journal)
        found = recorded_faults(recorded, truth)
        if not found:
            found = self._blindness(recorded, truth)
        if self.process.returncode:
            found.append("the clients did not come to their end in time")
        if found:
            raise AssertionError(f"seed {self.seed}: {len(found)} faults\n" + "\n".join(found[:60]) + "\n"
                                 + recorded_summary(recorded, truth) + "\n" + self.cluster.outputs())
        return recorded_summary(recorded, truth)


