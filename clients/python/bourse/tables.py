"""Columns and rows as tables: pandas, polars, Arrow, CSV. Prices are ticks and sizes lots unless something else is asked for.

`prices` and `sizes` are "ticks" / "lots" (integers), "wire" (integers: 1e-9, 10^qty_exponent), "float" or "decimal";
`times` is "datetime" (nanoseconds, UTC) or "ns" (integers)."""
from __future__ import annotations

import csv
import os
from decimal import Decimal
from typing import Any, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from .errors import BourseError
from .extract import Columns
from .instrument import Instrument
from .records import MONEY, NO_PRICE, PRICES, SIZES, TIMES, Rows

Instruments = Mapping[int, Instrument]
_UNITS = {"ticks", "lots", "wire", "float", "decimal"}


def _need(module: str, what: str) -> Any:
    import importlib
    try:
        return importlib.import_module(module)
    except ImportError:
        package = {"pyarrow": "pip install pyarrow"}.get(module, f"apt install python3-{module} or pip install {module}")
        raise BourseError(f"{what} needs the Python module {module}: {package}") from None


def _per_instrument(ids: npt.NDArray[Any], instruments: Instruments, value: str) -> npt.NDArray[np.int64]:
    """A number of each row's instrument. An instrument that is not known is an error: its units would be a guess."""
    table = np.zeros(max(instruments, default=0) + 1, np.int64)
    known = np.zeros(len(table), bool)
    for number, instrument in instruments.items():
        table[number], known[number] = getattr(instrument, value), True
    if len(ids) and (int(ids.max()) >= len(table) or not known[ids].all()):
        strange = next(int(i) for i in np.unique(ids) if int(i) not in instruments)
        raise BourseError(f"instrument {strange} is not defined in what was read")
    numbers: npt.NDArray[np.int64] = table[ids]
    return numbers


def _one(ids: npt.NDArray[Any], instruments: Instruments) -> Instrument | None:
    """The instrument of all rows, if there is one of all."""
    if len(instruments) == 1 or (len(ids) and (ids == ids[0]).all()):
        return instruments.get(int(ids[0])) if len(ids) else next(iter(instruments.values()))
    return None


def ids_of(columns: Columns) -> npt.NDArray[Any]:
    return columns["instrument_id"] if "instrument_id" in columns else columns["symbol"]


def to_ticks(rows: Rows, instruments: Instruments) -> Columns:
    """Rows of the wire as columns in ticks and lots."""
    columns: Columns = {}
    names = [n for n in rows.dtype.names or () if n not in ("reserved", "levels")]
    for name in names:
        columns[name] = np.ascontiguousarray(rows[name])
    if "levels" in (rows.dtype.names or ()):
        for i in range(rows["levels"].shape[1]):
            for name in rows["levels"].dtype.names or ():
                columns[f"{name}_{i:02}"] = np.ascontiguousarray(rows["levels"][:, i][name])
    if not len(rows) or "stat_type" in columns:  # statistics are of many kinds, most of them between the ticks: as on the wire
        return columns
    ids = ids_of(columns)
    tick, lot = _per_instrument(ids, instruments, "tick_size_e9"), _per_instrument(ids, instruments, "lot_size")
    for name, values in columns.items():
        if _base(name) in PRICES:
            columns[name] = np.where(values == NO_PRICE, NO_PRICE, values // tick)
        elif _base(name) in SIZES:
            columns[name] = values.astype(np.int64) // lot
    if "action" in columns and "aux" in columns:  # the size before, of a modify
        modified = columns["action"] == b"M"
        columns["aux"] = np.where(modified, columns["aux"] // lot.astype(np.uint64), columns["aux"])
    return columns


def to_wire(columns: Columns, instruments: Instruments) -> Columns:
    """The reverse; a price that does not fit into 64 bits is an error."""
    ids = ids_of(columns)
    if not len(ids):
        return columns
    out = dict(columns)
    one = _one(ids, instruments)
    tick: Any = one.tick_size_e9 if one else _per_instrument(ids, instruments, "tick_size_e9")
    lot: Any = np.uint64(one.lot_size) if one else _per_instrument(ids, instruments, "lot_size").astype(np.uint64)
    for name, values in columns.items():
        if name in PRICES:
            scaled = values * tick
            none = values == NO_PRICE
            out[name] = np.where(none, NO_PRICE, scaled) if none.any() else scaled
        elif name in SIZES and (one is None or one.lot_size != 1):
            out[name] = values.astype(np.uint64) * lot
    if "action" in columns and "aux" in columns and (one is None or one.lot_size != 1):
        out["aux"] = np.where(columns["action"] == b"M", columns["aux"] * lot, columns["aux"])
    return out


def _base(name: str) -> str:
    return name[:-3] if len(name) > 3 and name[-3] == "_" and name[-2:].isdigit() else name


def _floats(values: npt.NDArray[Any], ids: npt.NDArray[Any], instruments: Instruments, is_price: bool) -> npt.NDArray[np.float64]:
    one = _one(ids, instruments)
    if one is not None:
        return one.price_floats(values) if is_price else one.size_floats(values)
    out = np.empty(len(values))
    for number in np.unique(ids):
        rows = ids == number
        instrument = instruments[int(number)]
        out[rows] = instrument.price_floats(values[rows]) if is_price else instrument.size_floats(values[rows])
    return out


def _decimals(values: npt.NDArray[Any], ids: npt.NDArray[Any], instruments: Instruments, is_price: bool) -> npt.NDArray[Any]:
    out = np.empty(len(values), object)
    out[:] = [(instruments[i].decimal(v) if is_price else instruments[i].size_decimal(v))
              for i, v in zip(ids.tolist(), values.tolist())]
    return out


def _money(values: npt.NDArray[Any], prices: str) -> npt.NDArray[Any]:
    """Of 1e-9 of the quote currency."""
    none = values == NO_PRICE
    if prices == "float":
        return np.where(none, np.nan, values / 1e9)
    if prices == "decimal":
        out = np.empty(len(values), object)
        out[:] = [Decimal("NaN") if v == NO_PRICE else Decimal(v).scaleb(-9) for v in values.tolist()]
        return out
    return values


def _statistics(columns: Columns, instruments: Instruments, prices: str) -> Columns:
    columns["price"] = _money(columns["price"], prices)
    if prices == "float":
        exponent = _per_instrument(ids_of(columns), instruments, "qty_exponent")
        is_quantity = (columns["quantity"] != NO_PRICE) & (columns["stat_type"] != 100)  # 100: a number of trades
        scale = np.where(is_quantity, 10.0**exponent, 1.0)
        columns["quantity"] = np.where(columns["quantity"] == NO_PRICE, np.nan, columns["quantity"] * scale)
    return columns


def in_units(columns: Columns, instruments: Instruments, prices: str, sizes: str) -> Columns:
    """Columns in ticks and lots, converted as asked."""
    for unit in (prices, sizes):
        if unit not in _UNITS:
            raise ValueError(f"unit {unit!r}: one of ticks, wire, float, decimal for prices; lots, wire, float, decimal for sizes")
    out = dict(columns)
    ids = ids_of(columns)
    if "stat_type" in columns:
        return _statistics(out, instruments, prices)
    wire = to_wire(columns, instruments) if "wire" in (prices, sizes) else columns
    for name, values in columns.items():
        if name in MONEY:
            out[name] = _money(values, prices)
            continue
        is_price, size = _base(name) in PRICES, _base(name) in SIZES
        unit = prices if is_price else sizes if size else ""
        if unit == "wire":
            out[name] = wire[name]
        elif unit == "float":
            out[name] = _floats(values, ids, instruments, is_price)
        elif unit == "decimal":
            out[name] = _decimals(values, ids, instruments, is_price)
    return out


def to_df(columns: Columns, instruments: Instruments, prices: str = "ticks", sizes: str = "lots", times: str = "datetime",
          letters: str = "category") -> Any:
    """A pandas DataFrame, one column per field and `symbol` by name."""
    pandas = _need("pandas", "to_df")
    data: dict[str, Any] = {}
    for name, values in in_units(columns, instruments, prices, sizes).items():
        if name in TIMES and times == "datetime":
            data[name] = pandas.DatetimeIndex(values.view("datetime64[ns]"), tz="UTC")
        elif values.dtype.kind == "S":
            data[name] = _category(pandas, values, letters)
        else:
            data[name] = values
    ids = ids_of(columns)
    _per_instrument(ids, instruments, "id")  # all are known
    names = [instruments[i].symbol if i in instruments else "" for i in range(int(ids.max()) + 1)] if len(ids) else []
    unique = sorted(set(names) - {""})
    index = np.array([unique.index(n) if n else -1 for n in names], np.int32 if len(unique) > 127 else np.int8)
    data["symbol"] = pandas.Categorical.from_codes(index[ids] if len(ids) else np.empty(0, np.int8), unique)
    return pandas.DataFrame(data, copy=False)


def _category(pandas: Any, values: npt.NDArray[Any], letters: str) -> Any:
    raw = values.view(np.uint8)
    present = np.flatnonzero(np.bincount(raw, minlength=256))
    codes = np.zeros(256, np.int8)
    codes[present] = np.arange(len(present), dtype=np.int8)
    categorical = pandas.Categorical.from_codes(codes[raw], [chr(c) for c in present])
    return categorical if letters == "category" else categorical.astype(object)


def to_polars(columns: Columns, instruments: Instruments, prices: str = "ticks", sizes: str = "lots") -> Any:
    polars = _need("polars", "to_polars")
    return polars.from_pandas(to_df(columns, instruments, prices, sizes))


def write_csv(path: str, batches: Iterable[Columns], instruments: Instruments, prices: str, sizes: str, times: str = "ns") -> int:
    """Streams; the number of rows. The file appears when it is whole."""
    count, part = 0, path + ".part"
    with open(part, "w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        for columns in batches:
            table = in_units(columns, instruments, prices, sizes)
            ids = ids_of(columns)
            if not count:
                writer.writerow([*table, "name"])
            lists = []
            for name, values in table.items():
                if values.dtype.kind == "S":
                    lists.append(values.astype("U1").tolist())
                elif name in TIMES and times == "datetime":
                    lists.append(np.datetime_as_string(values.view("datetime64[ns]"), timezone="UTC").tolist())
                elif name in PRICES and prices in ("ticks", "wire"):
                    lists.append(["" if v == NO_PRICE else v for v in values.tolist()])
                else:
                    lists.append(values.tolist())
            writer.writerows(zip(*lists, [instruments[i].symbol for i in ids.tolist()]))
            count += len(ids)
    os.replace(part, path)
    return count


def write_parquet(path: str, batches: Iterable[Columns], instruments: Instruments, prices: str, sizes: str) -> int:
    """Streams by row group; needs pyarrow."""
    arrow, parquet = _need("pyarrow", "to_parquet"), _need("pyarrow.parquet", "to_parquet")
    count, writer, part = 0, None, path + ".part"
    for columns in batches:
        table = arrow.Table.from_pandas(to_df(columns, instruments, prices, sizes, letters="text"), preserve_index=False)
        if writer is None:
            writer = parquet.ParquetWriter(part, table.schema, compression="zstd")
        writer.write_table(table)
        count += len(table)
    if writer is None:
        raise BourseError("nothing to write: no rows in this range")
    writer.close()
    os.replace(part, path)
    return count
