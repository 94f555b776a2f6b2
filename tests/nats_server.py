"""Private nats-servers with JetStream on loopback, for tests: one, or a cluster of three.

    servers = NatsServers(3)          # raises unittest.SkipTest where there is no nats-server
    servers.url                       # of all of them
    servers.kill(0); servers.start(0)
    servers.close()
"""

import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ.get("BOURSE_SOURCE_DIR", pathlib.Path(__file__).parents[1]))


def find_server():
    """The program, or None."""
    named = os.environ.get("BOURSE_NATS_SERVER")
    if named:
        return named if os.access(named, os.X_OK) else None
    found = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin")
    fetched = SOURCE / "build/tools/nats-server"
    return found or (str(fetched) if os.access(fetched, os.X_OK) else None)


def free_ports(count):
    """Ports that were free together a moment ago, and none of those that the system gives to whoever connects: a client that
    calls a dead server again and again would be given its port some day, and meet itself."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as file:
        lowest = int(file.read().split()[0])
    candidates = list(range(15000, lowest)) if lowest > 20000 else [0] * 1000
    random.SystemRandom().shuffle(candidates)
    sockets = []
    for port in candidates:
        one = socket.socket()
        try:
            one.bind(("127.0.0.1", port))
            sockets.append(one)
        except OSError:
            one.close()
        if len(sockets) == count:
            break
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class NatsServers:
    """`count` servers (1 or 3), started and listening."""

    def __init__(self, count=1, host="127.0.0.1"):
        self.program = find_server()
        if not self.program:
            raise unittest.SkipTest("no nats-server in $BOURSE_NATS_SERVER, PATH, /usr/sbin or "
                                    "build/tools (./dev test fetches one where there is a network)")
        self.host = host
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bourse-nats-"))
        ports = free_ports(2 * count)
        self.ports, self.cluster_ports = ports[:count], ports[count:]
        self.processes = [None] * count
        for index in range(count):
            self.start(index)

    @property
    def url(self):
        return self.url_at("127.0.0.1")

    def url_at(self, address):
        """Of all of them, as this machine is called from where one asks."""
        return ",".join(f"nats://{address}:{port}" for port in self.ports)

    def url_of(self, index):
        return f"nats://127.0.0.1:{self.ports[index]}"

    def store(self, index):
        return self.folder / f"server-{index}"

    def log(self, index):
        return self.folder / f"server-{index}.log"

    def write_configuration(self, index):
        text = (f"server_name: server-{index}\n"
                f'listen: "{self.host}:{self.ports[index]}"\n'
                "max_payload: 4MB\n"
                f'jetstream {{ store_dir: "{self.store(index)}", max_mem: 64MB, max_file: 16GB }}\n')
        if len(self.ports) > 1:
            routes = "".join(f'    "nats://127.0.0.1:{port}"\n' for port in self.cluster_ports)
            # Clients know all servers by the addresses that they were given.
            text += (f'cluster {{\n  name: tests\n  no_advertise: true\n  listen: "127.0.0.1:{self.cluster_ports[index]}"\n'
                     f"  routes: [\n{routes}  ]\n}}\n")
        path = self.folder / f"server-{index}.conf"
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, index):
        if self.processes[index]:
            return
        path = self.write_configuration(index)
        with open(self.log(index), "ab") as output:
            self.processes[index] = subprocess.Popen(
                [self.program, "-c", str(path)], stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.ports[index]), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"nats-server did not start: {self.log(index).read_text(errors='replace')}")

    def kill(self, index):
        if self.processes[index]:
            self.processes[index].kill()
            self.processes[index].wait()
            self.processes[index] = None

    def pause(self, index):
        self.processes[index].send_signal(signal.SIGSTOP)

    def resume(self, index):
        self.processes[index].send_signal(signal.SIGCONT)

    def cut_store(self, index):
        """What a power cut takes. The server must have been killed."""
        shutil.rmtree(self.store(index), ignore_errors=True)

    def close(self):
        for index in range(len(self.processes)):
            self.kill(index)
        shutil.rmtree(self.folder, ignore_errors=True)
