#!/usr/bin/python3
"""Rows 23 and 26 of the failure matrix with real processes (docs/JOURNAL.md, section 7), and what each level of durability
may lose when a node is lost."""
import csv
import os
import random
import subprocess
import sys
import time
import unittest

from cluster import NOT_LEADER, Cluster
from load import Load

SEED = int(os.environ.get("BOURSE_SEED", str(random.SystemRandom().randrange(2**32))))
TAKEOVER_MS = 2000


def bourse(*arguments):
    return subprocess.run([os.environ["BOURSE_BINARY"], *map(str, arguments)], capture_output=True, text=True, timeout=120)


class Failover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"seed {SEED} (BOURSE_SEED repeats it)")

    def other(self, cluster, node):
        return cluster.nodes[1 - node.index]

    def expect_same_journals(self, cluster):
        """Both stopped: one is the beginning of the other."""
        for node in cluster.nodes:
            if node.is_alive:
                self.assertIn(node.stop(), (0, NOT_LEADER), cluster.outputs())
        a, b = (node.journal for node in cluster.nodes)
        for journal in (a, b):
            verified = bourse("replay", journal, "--verify")
            self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        difference = bourse("diff", a, b)
        text = difference.stdout + difference.stderr
        self.assertIn(difference.returncode, (0, 10), text)
        if difference.returncode == 10:
            self.assertIn("ends", text, text)

    def longest(self, cluster):
        import bourse as reader
        return max((n.journal for n in cluster.nodes if n.journal.exists()), key=lambda j: reader.open(str(j)).last_seq)

    def test_replicated_loses_nothing_with_the_leader(self):
        with Cluster(servers=1, takeover_ms=TAKEOVER_MS) as c, Load(c, seed=SEED) as load:
            load.wait_for(200)
            leader = c.leader
            leader.kill()
            took = load.wait_for(200)
            print(f"replicated: {took:.2f} s until the 200th acknowledgement of the new leader")
            self.assertIs(c.leader, self.other(c, leader))
            leader.start()
            load.wait_for(200)
            c.wait(lambda: leader.says("following the stream"), 20, "the old leader does not follow")
            load.stop()
            journal = c.leader.journal
            self.expect_same_journals(c)
            print(load.check(journal))

    def test_row_23_a_leader_that_was_stopped_ends_when_it_goes_on(self):
        with Cluster(servers=1, takeover_ms=TAKEOVER_MS) as c, Load(c, seed=SEED) as load:
            load.wait_for(200)
            zombie = c.leader
            zombie.pause()
            load.wait_for(200)
            self.assertIs(c.leader, self.other(c, zombie))
            zombie.go_on()
            zombie.leads = False  # clients go to the other one
            c.wait(lambda: not zombie.is_alive, 20, "the zombie goes on")
            self.assertEqual(zombie.exit_code, NOT_LEADER, c.outputs())
            self.assertTrue(zombie.says("--standby"), "it does not say what to do")
            load.wait_for(100)
            zombie.start()
            c.wait(lambda: zombie.says("following the stream"), 20, "it does not follow")
            load.wait_for(100)
            load.stop()
            journal = c.leader.journal
            self.expect_same_journals(c)
            print(load.check(journal))

    def test_row_26_a_tail_that_nobody_else_has_is_set_aside(self):
        with Cluster(servers=1, takeover_ms=TAKEOVER_MS, durability="disk") as c:
            with Load(c, seed=SEED, subscribers=0) as load:
                load.wait_for(100)
                old = c.leader
                before = load.told
                c.nats.kill(0)  # level disk goes on alone
                load.wait_for(50, 10)
                old.kill()
                load.stop(0)
                alone = load.told - before
            self.assertGreater(alone, 40)
            c.nats.start(0)
            new = self.other(c, old)
            c.wait(lambda: new.leads, 30, "the standby does not lead")
            with Load(c, seed=SEED + 1) as after:
                after.clients.urls = c.urls
                after.wait_for(100)
                old.start()
                c.wait(lambda: old.says("following the stream"), 30, "the old leader does not follow")
                self.assertTrue(old.says("are not what happened"), c.outputs())
                after.wait_for(50)
                after.stop()
            folders = list((old.journal / "divergent").iterdir())
            self.assertEqual(len(folders), 1, folders)
            with open(folders[0] / "orders.csv", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            told = {(t.account, number) for t in load.history.traders for number in t.accepted}
            import bourse as reader
            kept = {(int(r["account"]), int(r["client_seq"])) for r in rows if r["report"] == "accepted"}
            reports, _ = reader.open(str(old.journal)).reports()
            there = {(int(r["account"]), int(r["client_sequence"])) for r in reports if r["type"] == 0}
            missing = told - kept - there
            self.assertEqual(missing, set(), "acknowledged, and neither in the journal nor reported")
            self.assertGreater(len(kept), 0)
            print(f"row 26: {len(kept)} orders of {len({k[0] for k in kept})} accounts reported in {folders[0].name}")
            self.expect_same_journals(c)

    def test_row_26_a_standby_that_lags_and_dies_catches_up(self):
        with Cluster(servers=1, takeover_ms=TAKEOVER_MS) as c, Load(c, seed=SEED) as load:
            load.wait_for(100)
            standby = self.other(c, c.leader)
            standby.pause()
            load.wait_for(300)
            standby.go_on()
            time.sleep(0.05)
            standby.kill()
            standby.start()
            c.wait(lambda: standby.says("following the stream"), 20, "the standby does not follow")
            load.wait_for(100)
            c.leader.kill()
            load.wait_for(100)
            load.stop()
            self.assertIs(c.leader, standby)
            self.assertEqual(standby.stop(), 0, c.outputs())
            print(load.check(standby.journal))

    def test_a_leader_that_is_asked_to_end_hands_over_at_once(self):
        with Cluster(servers=1, takeover_ms=20000) as c, Load(c, seed=SEED) as load:
            load.wait_for(100)
            leader = c.leader
            time.sleep(1)
            began = time.monotonic()
            self.assertEqual(leader.stop(), 0, c.outputs())
            load.wait_for(50, 19)
            print(f"handed over in {time.monotonic() - began:.2f} s; takeover_ms is 20000")
            load.stop()
            self.assertIs(c.leader, self.other(c, leader))
            new = c.leader
            self.assertEqual(new.stop(), 0, c.outputs())
            print(load.check(new.journal))

    def test_a_standby_never_leads_an_exchange_that_it_does_not_know(self):
        with Cluster(servers=1, nodes=2, takeover_ms=1000) as c:
            for node in c.nodes:
                node.kill()
            c.nats.kill(0)
            c.nats.cut_store(0)
            c.nats.start(0)
            c.nodes[1].start()
            time.sleep(4)
            self.assertFalse(c.nodes[1].leads, c.outputs())
            c.nodes[0].start(standby=False)
            c.wait(lambda: c.nodes[0].leads, 30, "the one with the journal does not lead")


if __name__ == "__main__":
    sys.exit(unittest.main())
