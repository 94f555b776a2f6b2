#!/usr/bin/python3
"""Two ways out of one journal agree: what `bourse export --to npy` writes and what the package reads."""
import os
import tempfile
import unittest

from package import ROOT  # noqa: F401
from exchange_process import ExchangeProcess, run, wait_until

import numpy as np

import bourse


class Exports(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="bourse-python-")
        directory = os.path.join(cls.folder.name, "journal")
        with ExchangeProcess(journal=directory) as x:
            assert wait_until(lambda: bourse.open(directory).last_seq > 2000, 60)
            x.stop()
        cls.journal = bourse.open(directory)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def exported(self, schema, *arguments):
        path = os.path.join(self.folder.name, f"{schema}.npy")
        run("export", self.journal.directory, "--to", "npy", "--schema", schema, "-o", path, "--force", *arguments, check=0)
        return np.load(path)

    def test_trades_are_the_same_trades(self):
        theirs, ours = self.exported("trades"), self.journal.to_ndarray("trades")
        lots = np.array([self.journal.instruments[i].lot_size for i in ours["instrument_id"].tolist()], np.uint64)
        self.assertEqual(theirs["price"].tolist(), ours["price"].tolist())
        self.assertEqual(theirs["size"].tolist(), (ours["size"] // lots).tolist())
        for name, same in (("ts_event", "ts_event"), ("instrument_id", "instrument_id"), ("side", "side"), ("sequence", "seq")):
            self.assertEqual(theirs[name].tolist(), ours[same].tolist(), name)

    def test_orders_that_are_added_are_the_same_orders(self):
        theirs, ours = self.exported("mbo", "--symbols", "ETH-USD"), self.journal.to_ndarray("mbo", "ETH-USD")
        theirs, ours = theirs[theirs["action"] == b"A"], ours[ours["action"] == b"A"]
        self.assertGreater(len(ours), 100)
        for name, same in (("order_id", "order_id"), ("price", "price"), ("side", "side"), ("ts_event", "ts_event"), ("sequence", "seq")):
            self.assertEqual(theirs[name].tolist(), ours[same].tolist(), name)

    def test_a_range_of_sequences_is_the_same_range(self):
        theirs = self.exported("trades", "--from-seq", "500", "--to-seq", "1500")
        ours = self.journal.to_ndarray("trades", from_seq=500, to_seq=1500)
        self.assertEqual(theirs["sequence"].tolist(), ours["seq"].tolist())

    def test_definitions_are_the_same_definitions(self):
        theirs = self.exported("definition")
        self.assertEqual({(int(r["instrument_id"]), r["raw_symbol"].decode(), int(r["min_price_increment"])) for r in theirs},
                         {(i.id, i.symbol, i.tick_size_e9) for i in self.journal.instruments.values()})


if __name__ == "__main__":
    unittest.main()
