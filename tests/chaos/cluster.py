"""The whole system on one machine: nats-servers, two engines that share one log, gateways, and what is done to them."""
from __future__ import annotations

import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "clients" / "python"))

from clients import SECRET  # noqa: E402
from islands import Islands  # noqa: E402
from nats_server import NatsServers, free_ports  # noqa: E402

NOT_LEADER = 76


class Process:
    """One part of the exchange: its port stays the same over all of its lives."""

    def __init__(self, cluster: Cluster, name: str, port: int) -> None:
        self.cluster, self.name, self.port = cluster, name, port
        self.journal = cluster.folder / name / "journal"
        self.process: subprocess.Popen[str] | None = None
        self.output: list[str] = []
        self.url = ""
        self.serves = False
        self.serves_since = 0.0
        self.is_stopped = False
        self.place: list[str] = []  # words in front of the command
        self.address = f"127.0.0.1:{port}"

    def launch(self, word: str, *arguments: str) -> None:
        self.url, self.serves, self.is_stopped = "", False, False
        self.journal.parent.mkdir(exist_ok=True)
        self.process = subprocess.Popen(
            [*self.place, os.environ["BOURSE_BINARY"], word, "--config", str(self.cluster.config), "--port", str(self.port),
             "--journal", str(self.journal), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self.output.append(f"{time.time():.3f} {line}")
            if match := re.search(r"wss://([\d.]+:\d+)/v1/md", line):
                self.url = "wss://" + match[1]
            if "Ctrl-C" in line and process is self.process:
                self.serves, self.serves_since = True, time.monotonic()

    def start(self) -> None:
        raise NotImplementedError

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self.process.poll() if self.process else None

    def says(self, text: str) -> bool:
        return any(text in line for line in self.output)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait(30)
        self.serves = False

    def stop(self) -> int:
        assert self.process
        if self.is_stopped:
            self.go_on()
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()
            return -1

    def pause(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        self.is_stopped = True

    def go_on(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)
        self.is_stopped = False


class Node(Process):
    """One engine: leader, standby, zombie or dead."""

    def __init__(self, cluster: Cluster, index: int, port: int) -> None:
        super().__init__(cluster, f"node-{index}", port)
        self.index = index

    def start(self, *, standby: bool = True) -> None:
        where: list[str] = []
        if islands := self.cluster.islands:
            self.place = islands.command(self.index)
            where = ["--set", f"stream.url={self.cluster.nats.url_at(islands.here(self.index))}",
                     "--set", f"feed.host={islands.there(self.index, 'clients')}"]
        self.launch("serve", "--set", f"lease.node={self.name}", *where, *(["--standby"] if standby else []))

    @property
    def leads(self) -> bool:
        return self.serves

    @leads.setter
    def leads(self, leads: bool) -> None:
        self.serves = leads


class Gateway(Process):
    """Its copy is in memory first: the stream has it all."""

    def start(self) -> None:
        self.launch("gateway", "--set", "journal.durability=memory", "--set", "journal.reserve_bytes=0")


class Cluster:
    """`with Cluster(...) as c`. Engines that end with 76 are started again, as a service manager would."""

    def __init__(self, *, servers: int = 3, nodes: int = 2, gateways: int = 0, durability: str = "replicated", takeover_ms: int = 3000,
                 symbols: int = 8, traders: int = 4, settings: dict[str, str] | None = None, islands: Islands | None = None) -> None:
        """With islands each engine is on one of its own, in a network namespace."""
        self.islands = islands
        self.nats, self.takeover_ms = NatsServers(servers, "0.0.0.0" if islands else "127.0.0.1"), takeover_ms
        self._folder = tempfile.TemporaryDirectory(prefix="bourse-chaos-", ignore_cleanup_errors=True)
        self.folder = pathlib.Path(self._folder.name)
        self.symbols = [f"EX{i}-USD" for i in range(symbols)]
        self.keys = [f"trader-{i}" for i in range(traders)]
        self.config = self.folder / "bourse.toml"
        secret = self.folder / "secret"
        secret.write_text(SECRET.decode() + "\n", encoding="utf-8")
        secret.chmod(0o600)
        extra = "".join(f"{key} = {value}\n" for key, value in (settings or {}).items())
        self.config.write_text(
            f'{extra}[journal]\ndurability = "{durability}"\nsegment_bytes = 16777216\nreserve_bytes = 4194304\n'
            f'[stream]\nurl = "{self.nats.url}"\nreplicas = {servers}\n'
            f"[lease]\nenabled = true\ntakeover_ms = {takeover_ms}\nhold_ms = {takeover_ms - 700}\n"
            "[engine]\nsymbols_max = 1024\naccounts_max = 1024\norders_max = 65536\n"
            "[feed.limits]\nconnections_per_ip = 0\nconnects_per_minute = 0\norders_per_second = 100000\norders_burst = 100000\n"
            + "".join(f'[[symbols]]\nsymbol = "{s}"\ntick_size = "0.01"\nlot_size = "0.01"\n' for s in self.symbols)
            + "".join(f'[[keys]]\nid = "{k}"\naccount = {i + 1}\nalgorithm = "hmac-sha256"\nsecret_file = "{secret}"\n'
                      for i, k in enumerate(self.keys)), encoding="utf-8")
        ports = free_ports(nodes + gateways)
        self.nodes = [Node(self, i, ports[i]) for i in range(nodes)]
        for node in self.nodes if islands else []:
            node.address = f"{islands.there(node.index, 'clients')}:{node.port}"
        self.gateways = [Gateway(self, f"gateway-{i}", port) for i, port in enumerate(ports[nodes:])]

    def __enter__(self) -> Cluster:
        self.nodes[0].start(standby=False)
        self.wait(lambda: self.nodes[0].leads, 60, "the first node does not lead")
        for one in [*self.nodes[1:], *self.gateways]:
            one.start()
        self.wait(lambda: all(g.serves for g in self.gateways), 60, "a gateway does not serve")
        return self

    def __exit__(self, *_: object) -> None:
        for one in self.processes:
            if one.is_alive:
                one.kill()
        self.nats.close()
        self._folder.cleanup()

    def urls(self) -> list[str]:
        return [node.url for node in self.nodes if node.leads and node.is_alive and not node.is_stopped]

    client_urls = urls

    @property
    def processes(self) -> list[Process]:
        return [*self.nodes, *self.gateways]

    @property
    def leader(self) -> Node | None:
        """The last one that said so: an older one may not have noticed yet."""
        leading = [n for n in self.nodes if n.leads and n.is_alive and not n.is_stopped]
        return max(leading, key=lambda n: n.serves_since, default=None)

    def wait(self, condition, seconds: float, complaint: str) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError(f"{complaint}\n{self.outputs()}")

    def tend(self) -> None:
        """What a service manager does: who ended is started again, engines as standbys."""
        for one in self.processes:
            if one.process and not one.is_alive:
                one.start()

    def outputs(self) -> str:
        return "\n".join(f"--- {p.name}, exit {p.exit_code}\n" + "".join(p.output[-25:]) for p in self.processes)
