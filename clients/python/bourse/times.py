"""Times as nanoseconds since 1970 UTC."""
from __future__ import annotations

import datetime
import re
from typing import Any

import numpy as np

Time = int | str | datetime.datetime | np.datetime64
_STEP = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9, "h": 3600 * 10**9, "d": 86400 * 10**9}


def nanoseconds(time: Any) -> int:
    """Of an integer (nanoseconds), an ISO text (UTC unless it says otherwise), a datetime, a numpy or pandas time."""
    if isinstance(time, (int, np.integer)):
        return int(time)
    if isinstance(time, np.datetime64):
        return int(time.astype("datetime64[ns]").astype(np.int64))
    if hasattr(time, "value") and isinstance(time.value, int):  # pandas.Timestamp, with all its nanoseconds
        return int(time.value)
    if isinstance(time, str):
        match = re.fullmatch(r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", time.strip())
        if not match:
            raise ValueError(f"{time!r} is no time: 2026-01-30, 2026-01-30T14:30:00.5Z, or nanoseconds as an integer")
        moment = datetime.datetime.fromisoformat(match[1] + (match[3] or "Z").replace("Z", "+00:00"))
        return nanoseconds(moment) + int((match[2] or "0").ljust(9, "0"))
    if isinstance(time, datetime.datetime):
        aware = time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)
        since = aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return (since.days * 86400 + since.seconds) * 10**9 + since.microseconds * 1000
    raise ValueError(f"{time!r} is no time")


def duration(step: str | int) -> int:
    """"100ms", "1s", "5m", "1h", "1d", or nanoseconds."""
    if isinstance(step, int):
        return step
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", step)
    if not match or match[2] not in _STEP or int(match[1]) == 0:
        raise ValueError(f"{step!r} is no duration: 100ms, 1s, 5m, 1h, 1d")
    return int(match[1]) * _STEP[match[2]]


def text(ns: int) -> str:
    return str(np.datetime_as_string(np.datetime64(int(ns), "ns"))) + "Z"
