#!/usr/bin/python3
"""bourse_replication_bench beside private nats-servers: one, then a cluster of three.

    bench/replication.py build/release/bench/bourse_replication_bench [arguments of the bench]
"""

import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests"))
from nats_server import NatsServers  # noqa: E402


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    code = 0
    for count in (1, 3):
        try:
            servers = NatsServers(count)
        except unittest.SkipTest as why:
            sys.exit(f"not measured: {why}")
        try:
            time.sleep(1 if count == 1 else 8)  # a cluster elects its leaders first
            code |= subprocess.run([sys.argv[1], "--url", servers.url, "--replicas", str(count),
                                    *sys.argv[2:]], check=False).returncode
        finally:
            servers.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
