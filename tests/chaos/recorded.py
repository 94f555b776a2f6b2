"""What bourse_chaos_load was told, read from its folder and compared with the journal: history.py for millions of orders.

The files hold records of tests/chaos/told_records.h. Of a trader each report that came, in the order in which it came, and
each request that was said never to be executed; of a subscriber the pieces of its chain, with a checksum of their rows."""
from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any

import numpy as np

from history import Faults, Frame, Subscriber, SymbolRows, check_epochs, check_subscriber

TOLD = np.dtype([("exec_seq", "<u8"), ("seq", "<u8"), ("order_id", "<u8"), ("client_seq", "<u8"), ("price", "<i8"),
                 ("qty", "<u8"), ("last_px", "<i8"), ("last_qty", "<u8"), ("flags", "<u4"), ("reject_code", "<u2"),
                 ("exec_type", "u1"), ("told_by", "u1")])
REFUSAL = np.dtype([("client_seq", "<u8"), ("account", "<u4"), ("code", "<u2"), ("times_sent", "<u2")])
PIECE = np.dtype([("prev_seq", "<u8"), ("first_seq", "<u8"), ("last_seq", "<u8"), ("rows", "<u8"), ("rpt_first", "<u8"),
                  ("rpt_last", "<u8"), ("crc", "<u4"), ("subscriber", "<u4"), ("epoch", "<u4"), ("frames", "<u4")])
BY_REPORT, BY_OUTCOME = 1, 2
NO_PRICE = 2**63 - 1
_ACCEPTED, _FILL, _PARTIAL_FILL, _REJECTED = 0, 1, 2, 5
_DUPLICATE = 1
# What an outcome does not tell as a number is not compared.
_COMPARED = {BY_REPORT: TOLD.names[:-1], BY_OUTCOME: ("exec_seq", "seq", "order_id", "client_seq", "reject_code", "exec_type")}


@dataclasses.dataclass(slots=True)
class RecordedTrader:
    account: int
    told: np.ndarray[Any, Any]      # of TOLD
    refused: np.ndarray[Any, Any]   # of REFUSAL
    unanswered: int = 0
    faults: list[str] = dataclasses.field(default_factory=list)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class RecordedSubscriber:
    name: str
    symbol: str
    begin: int                     # its first sequence
    whole_up_to: int               # it was told that nothing of its symbol is missing up to there
    pieces: np.ndarray[Any, Any]   # of PIECE
    errors: list[str] = dataclasses.field(default_factory=list)
    counts: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class Recorded:
    end: int                       # the last sequence that a trader was told; 0: not all had an answer
    traders: list[RecordedTrader]
    subscribers: list[RecordedSubscriber]


@dataclasses.dataclass(slots=True)
class RecordedTruth:
    last: int
    epochs: list[tuple[int, int]]
    reports: dict[int, np.ndarray[Any, Any]]  # by account, of TOLD, ascending in exec_seq
    rows: dict[str, SymbolRows]

    def epoch_of(self, sequence: int) -> int:
        before = [epoch for first, epoch in self.epochs if first <= sequence]
        return before[-1] if before else 0


def read(folder: str | pathlib.Path) -> Recorded:
    folder = pathlib.Path(folder)
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    refused = np.fromfile(folder / "refusals.bin", REFUSAL)
    traders = []
    for one in history["traders"]:
        told = np.fromfile(folder / f"reports-{one['account']}.bin", TOLD)
        traders.append(RecordedTrader(one["account"], told, refused[refused["account"] == one["account"]], one["unanswered"],
                                      one["faults"], one))
    pieces = np.fromfile(folder / "pieces.bin", PIECE)
    pieces = pieces[np.argsort(pieces["subscriber"], kind="stable")]
    bounds = np.searchsorted(pieces["subscriber"], np.arange(len(history["subscribers"]) + 1))
    subscribers = [RecordedSubscriber(f"subscriber {i}", one["symbol"], one["begin"], one["whole_up_to"],
                                      pieces[bounds[i]:bounds[i + 1]], one["errors"], one)
                   for i, one in enumerate(history["subscribers"])]
    return Recorded(history["end"], traders, subscribers)


def read_recorded_truth(directory: str | pathlib.Path) -> RecordedTruth:
    """With the Python reader of segments, which shares no code with the exchange."""
    import bourse
    from bourse.records import MBO
    journal = bourse.open(str(directory))
    numbers = journal.instruments
    tick, lot = np.zeros(max(numbers, default=0) + 1, np.int64), np.zeros(max(numbers, default=0) + 1, np.uint64)
    for number, instrument in numbers.items():
        tick[number], lot[number] = instrument.tick_size_e9, instrument.lot_size
    epochs: list[tuple[int, int]] = []
    for words, offsets in journal._spans():
        epoch = (words[(offsets >> 3) + 3] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        for at in [0, *(np.flatnonzero(np.diff(epoch)) + 1).tolist()]:
            if not epochs or epochs[-1][1] != int(epoch[at]):
                epochs.append((int(words[(int(offsets[at]) >> 3) + 1]), int(epoch[at])))
    reports, sequences = journal.reports()
    by_account = {}
    for account in np.unique(reports["account"]).tolist():
        mine = reports["account"] == account
        by_account[account] = _as_told(reports[mine], sequences[mine], tick, lot)
    mbo = journal.to_ndarray("mbo")
    mbo = mbo[np.argsort(mbo["instrument_id"], kind="stable")]
    bounds = np.searchsorted(mbo["instrument_id"], np.arange(len(tick) + 1))
    rows = {instrument.symbol: SymbolRows(mbo["seq"][bounds[i]:bounds[i + 1]], mbo[bounds[i]:bounds[i + 1]].tobytes(), MBO.itemsize)
            for i, instrument in numbers.items()}
    return RecordedTruth(journal.last_seq, epochs, by_account, rows)


def _as_told(reports: Any, sequences: Any, tick: Any, lot: Any) -> Any:
    """As they go over the wire."""
    out = np.zeros(len(reports), TOLD)
    symbol = reports["symbol"]
    known = symbol > 0
    filled = known & np.isin(reports["type"], (_FILL, _PARTIAL_FILL))
    for name, source in (("exec_seq", "exec_sequence"), ("order_id", "order_id"), ("client_seq", "client_sequence"),
                         ("flags", "flags"), ("reject_code", "reject_reason"), ("exec_type", "type")):
        out[name] = reports[source]
    out["seq"], out["told_by"] = sequences, BY_REPORT
    out["price"] = np.where(known & (reports["price"] != NO_PRICE), reports["price"] * tick[symbol], NO_PRICE)
    out["last_px"] = np.where(filled, reports["last_price"] * tick[symbol], NO_PRICE)
    out["qty"], out["last_qty"] = reports["quantity"] * lot[symbol], reports["last_quantity"] * lot[symbol]
    return out[np.argsort(out["exec_seq"], kind="stable")]


def _check_trader(trader: RecordedTrader, truth: RecordedTruth, found: Faults) -> None:
    who = f"account {trader.account}"
    for text in trader.faults:
        found.add("told what must not be", f"{who}: {text}")
    if trader.unanswered:
        found.add("no answer", f"{who}: {trader.unanswered} requests")
    journal = truth.reports.get(trader.account, np.zeros(0, TOLD))
    _check_journal(who, journal, found)
    for told_by, names in _COMPARED.items():
        told = trader.told[trader.told["told_by"] == told_by]
        place = np.searchsorted(journal["exec_seq"], told["exec_seq"])
        is_there = place < len(journal)
        is_there[is_there] = journal["exec_seq"][place[is_there]] == told["exec_seq"][is_there]
        same = is_there.copy()
        there = journal[place[is_there]]
        for name in names:
            same[is_there] &= there[name] == told[name][is_there]
        for one in told[~same][:100]:
            lost = one["exec_type"] == _ACCEPTED
            found.add("acknowledged order lost" if lost else "report not in the journal",
                      f"{who}, client_seq {one['client_seq']}: told {dict(zip(TOLD.names, one.tolist()))}, the journal has "
                      f"{[dict(zip(TOLD.names, r.tolist())) for r in journal[journal['exec_seq'] == one['exec_seq']]]}")
    stream = trader.told["exec_seq"][trader.told["told_by"] == BY_REPORT]
    for at in np.flatnonzero(np.diff(stream.astype(np.int64)) != 1)[:100]:
        found.add("reports not in order", f"{who}: exec_seq {stream[at + 1]} after {stream[at]}")
    accepted = trader.told[trader.told["exec_type"] == _ACCEPTED]
    pairs = np.unique(accepted[["client_seq", "order_id"]])
    for client_seq in pairs["client_seq"][1:][pairs["client_seq"][1:] == pairs["client_seq"][:-1]][:100]:
        found.add("acknowledged twice", f"{who}, client_seq {client_seq}")
    refused = accepted["client_seq"][np.isin(accepted["client_seq"], _rejected(trader.told))]
    for client_seq in refused[:100]:
        found.add("rejected and accepted", f"{who}, client_seq {client_seq}")
    executed = journal["client_seq"][(journal["exec_type"] == _ACCEPTED) | _is_rejected(journal)]
    for one in trader.refused[np.isin(trader.refused["client_seq"], executed)][:100]:
        found.add("executed, though it was said that it never will be", f"{who}: {dict(zip(REFUSAL.names, one.tolist()))}")


def _is_rejected(reports: Any) -> Any:
    return (reports["exec_type"] == _REJECTED) & (reports["flags"] & _DUPLICATE == 0)


def _rejected(told: Any) -> Any:
    return told["client_seq"][_is_rejected(told) & (told["told_by"] == BY_REPORT)]


def _check_journal(who: str, journal: Any, found: Faults) -> None:
    """What must hold whatever anybody was told."""
    accepted = journal["client_seq"][(journal["exec_type"] == _ACCEPTED) & (journal["client_seq"] > 0)]
    numbers, times = np.unique(accepted, return_counts=True)
    for client_seq in numbers[times > 1][:100]:
        orders = journal["order_id"][(journal["client_seq"] == client_seq) & (journal["exec_type"] == _ACCEPTED)]
        found.add("order doubled", f"{who}, client_seq {client_seq}: orders {orders.tolist()}")
    if not np.array_equal(journal["exec_seq"], np.arange(1, len(journal) + 1)):
        found.add("journal's reports not dense", who)


def _check_chain(one: RecordedSubscriber, end: int, truth: RecordedTruth, found: Faults) -> None:
    frames = [Frame(*piece) for piece in one.pieces[["prev_seq", "first_seq", "last_seq", "epoch", "crc", "rows"]].tolist()]
    check_subscriber(Subscriber(one.name, one.symbol, one.begin, frames, one.errors), truth, found)
    last, rpt = max(one.begin, 1) - 1, 0
    for piece in one.pieces:
        at = f"{one.name}, {one.symbol}, piece {piece['first_seq']} to {piece['last_seq']}"
        if rpt and piece["rpt_first"] != rpt + 1:
            found.add("rpt_seq broken", f"{at}: {piece['rpt_first']} after {rpt}")
        if piece["rpt_last"] - piece["rpt_first"] + 1 != piece["rows"]:
            found.add("rpt_seq broken", f"{at}: {piece['rows']} rows from {piece['rpt_first']} to {piece['rpt_last']}")
        last, rpt = int(piece["last_seq"]), piece["rpt_last"]
    if one.begin == 0:
        found.add("chain not to the end", f"{one.name}, {one.symbol}: it was never subscribed")
    elif one.whole_up_to < end:
        found.add("chain not to the end", f"{one.name}, {one.symbol}: it has heard up to {one.whole_up_to} of {end}")
    elif len(truth.rows[one.symbol].between(last, one.whole_up_to)):
        found.add("chain not to the end",
                  f"{one.name}, {one.symbol}: its rows end at {last}, and not what it was told up to {one.whole_up_to}")


def recorded_faults(recorded: Recorded, truth: RecordedTruth) -> list[str]:
    found = Faults()
    check_epochs(truth, found)
    for trader in recorded.traders:
        _check_trader(trader, truth, found)
    for account in truth.reports.keys() - {t.account for t in recorded.traders}:
        _check_journal(f"account {account}", truth.reports[account], found)
    for subscriber in recorded.subscribers:
        _check_chain(subscriber, recorded.end, truth, found)
    return found.all()


def recorded_summary(recorded: Recorded, truth: RecordedTruth) -> str:
    def total(of: Any, name: str) -> int:
        return sum(one.counts.get(name, 0) for one in of)
    traders, subscribers = recorded.traders, recorded.subscribers
    numbers, times = np.unique(np.concatenate([t.refused["code"] for t in traders]), return_counts=True)
    codes = ", ".join(f"{count} by {number}" for number, count in zip(numbers, times)) or "none"
    return (f"{truth.last} transactions in {len(truth.epochs)} epochs; {total(traders, 'orders')} orders and {total(traders, 'cancels')} "
            f"cancels of {len(traders)} traders, {total(traders, 'sent_again')} times sent again; {total(traders, 'accepted')} orders "
            f"acknowledged, {total(traders, 'answered')} requests answered by the exchange ({total(traders, 'outcomes')} as outcomes), "
            f"{total(traders, 'refused')} refused at the edge ({codes}), {total(traders, 'unanswered')} without an answer; "
            f"{total(subscribers, 'rows')} events in {total(subscribers, 'frames')} frames at {len(subscribers)} subscribers; "
            f"connections lost: {total(traders, 'losses')} of traders, {total(subscribers, 'losses')} of subscribers, left for silence: "
            f"{total(traders, 'silences')} and {total(subscribers, 'silences')}, for no reason: {total(traders, 'wanders')} and "
            f"{total(subscribers, 'wanders')}")
