"""Network namespaces with two cables each, one of which can be pulled: an engine that is cut off from NATS, and alive.

    islands = Islands(2)              # raises unittest.SkipTest where that is not allowed
    islands.command(0)                # words in front of a command, which then runs on island 0
    islands.here(0), islands.there(0, "nats")    # addresses: of this side of the cable to NATS, of the island
    islands.cut(0); islands.mend(0)
    islands.close()
"""
import os
import random
import shutil
import subprocess
import unittest

CABLES = ("nats", "clients")


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


class Islands:
    def __init__(self, count):
        if os.geteuid() != 0:
            raise unittest.SkipTest("network namespaces are for root")
        if not shutil.which("ip"):
            raise unittest.SkipTest("no program ip (apt-get install iproute2)")
        # Others may have theirs at the same time.
        self.number = random.SystemRandom().randrange(10, 250)
        self.count = 0
        try:
            for index in range(count):
                self._make(index)
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise unittest.SkipTest(f"no network namespaces here: {getattr(error, 'stderr', None) or error}") from error

    def _name(self, index):
        return f"bourse-{os.getpid()}-{index}"

    def _cable(self, index, cable):
        return f"b{os.getpid() % 10**7}{'nc'[CABLES.index(cable)]}{index}"  # at most 15 characters

    def _network(self, index, cable):
        return f"10.{self.number}.{2 * index + CABLES.index(cable)}"

    def here(self, index, cable="nats"):
        return self._network(index, cable) + ".1"

    def there(self, index, cable):
        return self._network(index, cable) + ".2"

    def _make(self, index):
        name = self._name(index)
        _ip("netns", "add", name)
        self.count = index + 1
        _ip("-n", name, "link", "set", "lo", "up")
        for cable in CABLES:
            outer, inner = self._cable(index, cable), f"to-{cable}"
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
            _ip("addr", "add", self.here(index, cable) + "/24", "dev", outer)
            _ip("-n", name, "addr", "add", self.there(index, cable) + "/24", "dev", inner)
            _ip("link", "set", outer, "up")
            _ip("-n", name, "link", "set", inner, "up")

    def command(self, index):
        return ["ip", "netns", "exec", self._name(index)]

    def cut(self, index):
        """Nothing passes to NATS or from there, and nobody is told."""
        _ip("link", "set", self._cable(index, "nats"), "down")

    def mend(self, index):
        _ip("link", "set", self._cable(index, "nats"), "up")

    def close(self):
        for index in range(self.count):
            for cable in CABLES:
                subprocess.run(["ip", "link", "del", self._cable(index, cable)], capture_output=True)
            subprocess.run(["ip", "netns", "del", self._name(index)], capture_output=True)
        self.count = 0
