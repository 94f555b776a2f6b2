"""What if: a strategy's orders in a recorded session, executed by the real engine (`bourse whatif`). Counterfactual: the others send what
they sent, also where they would have seen another market.

    sim = bourse.Sim("journal/", latency_us=250)
    sim.order("probe", "BTC-USD", "buy", "0.01", price="59990.00", after_seq=2000)
    result = sim.run()
    result.fills, result.queue("probe"), result.changed_trades"""
from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from decimal import Decimal
from typing import Any

import numpy as np

from .errors import BourseError
from .orders import Number
from .records import Rows
from .times import Time, nanoseconds

QUEUE = np.dtype([("after_seq", "<u8"), ("ts", "<u8"), ("price", "<f8"), ("ahead", "<f8"), ("orders", "<u4")])


def find_binary(binary: str | None = None) -> str:
    """The program `bourse`: what was named, BOURSE_BINARY, or the path's."""
    found = binary or os.environ.get("BOURSE_BINARY") or shutil.which("bourse")
    if not found:
        raise BourseError("the program `bourse` was not found: put it on the PATH, or name it by BOURSE_BINARY")
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Fill:
    id: str
    symbol: str
    side: str
    price: Decimal
    size: Decimal
    leaves: Decimal
    liquidity: str
    after_seq: int
    ts: int
    other_order_id: int


@dataclasses.dataclass(frozen=True, slots=True)
class SimResult:
    """`raw` is all that `bourse whatif --json` tells (docs/REPLAY.md)."""
    raw: dict[str, Any]

    @property
    def orders(self) -> list[dict[str, Any]]:
        """As given, with `status`, `filled` and `queue`."""
        found: list[dict[str, Any]] = self.raw["orders"]
        return found

    def order(self, id: str) -> dict[str, Any]:
        """The newest new order of this name."""
        for order in reversed(self.orders):
            if order["id"] == id and "filled" in order:
                return order
        raise KeyError(id)

    @property
    def fills(self) -> list[Fill]:
        return [Fill(f["id"], f["symbol"], f["side"], Decimal(f["px"]), Decimal(f["qty"]), Decimal(f["leaves"]), f["liquidity"],
                     int(f["after_seq"]), int(f["ts"]), int(f["other_order_id"])) for f in self.raw["fills"]]

    def queue(self, id: str) -> Rows:
        """The place of an order in its queue over time: what is displayed ahead of it, in the base currency, and by how many orders."""
        return np.array([(int(p["after_seq"]), int(p["ts"]), float(p["px"]), float(p["ahead"]), int(p["orders"]))
                         for p in self.order(id)["queue"]], QUEUE)

    @property
    def positions(self) -> dict[str, Decimal]:
        return {p["symbol"]: Decimal(p["qty"]) for p in self.raw["positions"]}

    @property
    def changed_trades(self) -> list[dict[str, Any]]:
        """Trades of the others that are not as recorded, net per maker, taker and price."""
        found: list[dict[str, Any]] = self.raw["market"]["changed_trades"]
        return found

    @property
    def changed_decisions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.raw["market"]["changed_decisions"]
        return found

    def __repr__(self) -> str:
        return (f"<SimResult (counterfactual) {self.raw['journal']}: {len(self.orders)} orders, {len(self.raw['fills'])} fills, "
                f"{len(self.changed_trades)} trades of others changed>")


class Sim:
    def __init__(self, journal: str | os.PathLike[str], latency_us: float = 0, account: int | None = None, to_seq: int | None = None,
                 binary: str | None = None) -> None:
        self.journal, self.latency_us, self.account, self.to_seq = os.fspath(journal), latency_us, account, to_seq
        self.binary = find_binary(binary)
        self._orders: list[dict[str, Any]] = []

    def _add(self, row: dict[str, Any], at: Time | None, after_seq: int | None) -> Sim:
        if (at is None) == (after_seq is None):
            raise ValueError("an order is decided either `at` a time or `after_seq`, a transaction that is known")
        row |= {"time": str(nanoseconds(at))} if at is not None else {"after_seq": str(after_seq)}
        self._orders.append({name: value if isinstance(value, bool) else str(value) for name, value in row.items() if value is not None})
        return self

    def order(self, id: str, symbol: str, side: str, size: Number, *, price: Number | None = None, at: Time | None = None,
              after_seq: int | None = None, **fields: Any) -> Sim:
        """Decided `at` a time or when transaction `after_seq` is known; it arrives latency_us later. Without a price: market. Other fields:
        type, stop_px, tif, post_only, hidden, display_qty, stp."""
        kind = fields.pop("type", None) or (None if price is not None else "market")
        return self._add({"id": id, "symbol": symbol, "side": side, "qty": size, "px": price, "type": kind, **fields}, at, after_seq)

    def amend(self, id: str, *, price: Number | None = None, size: Number | None = None, at: Time | None = None,
              after_seq: int | None = None) -> Sim:
        return self._add({"action": "amend", "id": id, "px": price, "qty": size}, at, after_seq)

    def cancel(self, id: str, *, at: Time | None = None, after_seq: int | None = None) -> Sim:
        return self._add({"action": "cancel", "id": id}, at, after_seq)

    def run(self) -> SimResult:
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", prefix="bourse-sim-") as file:
            file.writelines(json.dumps(order) + "\n" for order in self._orders)
            file.flush()
            command = [self.binary, "whatif", self.journal, "--orders", file.name, "--json", "--latency-us", f"{self.latency_us:.3f}"]
            command += ["--account", str(self.account)] if self.account is not None else []
            command += ["--to-seq", str(self.to_seq)] if self.to_seq is not None else []
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise BourseError(done.stderr.strip() or f"bourse whatif ended with {done.returncode}")
        return SimResult(json.loads(done.stdout))
