"""bourse_chaos_load beside a cluster: traders and subscribers in a process of their own, while the test does harm."""
from __future__ import annotations

import os
import pathlib
import re
import subprocess
import threading
import time

from clients import SECRET
from cluster import Cluster
from recorded import read, read_recorded_truth, recorded_faults, recorded_summary

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

    def check(self, journal: pathlib.Path) -> str:
        """Against this journal. Raises with all faults."""
        recorded, truth = read(self.folder), read_recorded_truth(journal)
        found = recorded_faults(recorded, truth)
        if self.process.returncode:
            found.append("the clients did not come to their end in time")
        if found:
            raise AssertionError(f"seed {self.seed}: {len(found)} faults\n" + "\n".join(found[:60]) + "\n"
                                 + recorded_summary(recorded, truth) + "\n" + self.cluster.outputs())
        return recorded_summary(recorded, truth)


