"""An instrument: what a tick and a lot are, and exact conversions. Ticks and lots are integers and come first; a float is
what you ask for, and a price that is no multiple of the tick is refused, never rounded."""
from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from .records import NO_PRICE


@dataclasses.dataclass(frozen=True, slots=True)
class Instrument:
    id: int
    symbol: str
    tick_size_e9: int          # 1e-9 of the quote currency
    lot_size: int              # in units of 10^qty_exponent of the base currency
    qty_exponent: int
    base: str = ""
    quote: str = ""
    min_qty: int = 0           # in units of 10^qty_exponent
    max_qty: int = 0
    seq: int = 0               # the transaction that defined it
    status: int = 0            # Status.action when this was told

    @property
    def tick(self) -> Decimal:
        return Decimal(self.tick_size_e9).scaleb(-9)

    @property
    def lot(self) -> Decimal:
        return Decimal(self.lot_size).scaleb(self.qty_exponent)

    # One value.
    def price(self, ticks: int) -> float:
        return float("nan") if ticks == NO_PRICE else float(self.decimal(ticks))

    def decimal(self, ticks: int) -> Decimal:
        return Decimal("NaN") if ticks == NO_PRICE else Decimal(int(ticks) * self.tick_size_e9).scaleb(-9)

    def size(self, lots: int) -> float:
        return float(self.size_decimal(lots))

    def size_decimal(self, lots: int) -> Decimal:
        return Decimal(int(lots) * self.lot_size).scaleb(self.qty_exponent)

    def ticks(self, price: str | int | float | Decimal) -> int:
        """Of a price in the quote currency. A float counts as its shortest text: 60000.01 is 60000.01."""
        return self._whole(price, self.tick, "price", "tick")

    def lots(self, size: str | int | float | Decimal) -> int:
        return self._whole(size, self.lot, "size", "lot")

    def _whole(self, value: str | int | float | Decimal, unit: Decimal, what: str, of: str) -> int:
        exact = Decimal(str(value))
        count = exact / unit
        if count != count.to_integral_value():
            raise ValueError(f"{self.symbol}: {what} {value} is no multiple of the {of} {unit.normalize():f}")
        return int(count)

    # Columns of wire units (1e-9 and 10^qty_exponent) or of ticks and lots.
    def price_ticks(self, prices_e9: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        values = np.asarray(prices_e9, np.int64)
        return np.where(values == NO_PRICE, NO_PRICE, values // self.tick_size_e9)

    def size_lots(self, sizes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        return np.asarray(sizes).astype(np.int64) // self.lot_size

    def price_floats(self, ticks: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        values = np.asarray(ticks, np.int64)
        divisor = 10**9 // np.gcd(self.tick_size_e9, 10**9)  # so that 12345 ticks of 0.01 are 123.45 to the last bit
        floats = values * float(self.tick_size_e9 * divisor // 10**9) / float(divisor)
        return np.where(values == NO_PRICE, np.nan, floats)

    def size_floats(self, lots: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        units = np.asarray(lots).astype(np.float64) * self.lot_size
        return units / 10.0**-self.qty_exponent if self.qty_exponent < 0 else units * 10.0**self.qty_exponent
