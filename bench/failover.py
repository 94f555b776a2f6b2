#!/usr/bin/python3
"""How long orders wait when the leader is lost: `kill -9`, again and again, under a trader who never stops.

    BOURSE_BINARY=build/release/app/bourse BOURSE_SOURCE_DIR=. bench/failover.py --rounds 10

Per round: from the kill until the standby has the lease (it waits lease.takeover_ms on purpose), and from there until a
client's next order is acknowledged: stream drained, epoch opened, journal opened again, listening, TLS, replicated."""
import argparse
import os
import pathlib
import re
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "chaos"))

from cluster import Cluster  # noqa: E402
from load import Load  # noqa: E402


def spread(values):
    values = sorted(values)
    return (f"least {values[0]:.2f}  median {values[len(values) // 2]:.2f}  most {values[-1]:.2f}  "
            f"all {' '.join(f'{v:.2f}' for v in values)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--servers", type=int, default=3, choices=(1, 3))
    parser.add_argument("--takeover-ms", type=int, default=3000)
    parser.add_argument("--durability", default="replicated")
    parser.add_argument("--rate", type=float, default=500)
    a = parser.parse_args()
    lease, ready, whole = [], [], []
    with Cluster(servers=a.servers, takeover_ms=a.takeover_ms, durability=a.durability) as c, \
            Load(c, seed=1, subscribers=4, per_second=a.rate) as load:
        load.wait_for(200, 120)
        for _ in range(a.rounds):
            time.sleep(1)
            old = c.leader
            new = c.nodes[1 - old.index]
            killed = time.time()
            old.kill()
            load.wait_for(1, 120)
            told = time.time()
            taken = max(float(line.split()[0]) for line in new.output if "takes over in epoch" in line)
            lease.append(taken - killed)
            ready.append(told - taken)
            whole.append(told - killed)
            old.start()
            c.wait(lambda: any("following" in line for line in old.output[-6:]), 60, "it does not follow")
        size = sum(f.stat().st_size for f in c.leader.journal.iterdir() if re.search(r"\.(seg|open)", f.name))
        load.stop()
        print(f"{os.cpu_count()} cores; {a.servers} nats-servers; {a.durability}; takeover_ms {a.takeover_ms}; "
              f"{a.rounds} kills; journal {size / 1e6:.0f} MB at the end")
        print(f"kill to lease, s            {spread(lease)}")
        print(f"lease to first ack, s       {spread(ready)}")
        print(f"kill to first ack, s        {spread(whole)}")
        leader = c.leader
        leader.stop()
        print(load.check(leader.journal))


if __name__ == "__main__":
    sys.exit(main())
