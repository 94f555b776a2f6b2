"""CRC-32C (Castagnoli): of a few bytes, and of all records of a segment at once, as lanes of numpy arrays."""
from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

U32 = npt.NDArray[np.uint32]
_POLYNOMIAL = 0x82F63B78
_LANES = 1 << 15  # as many records at a time: their state stays in the cache


@functools.cache
def _byte_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return table


def crc32c(data: bytes | memoryview, seed: int = 0) -> int:
    table, crc = _byte_table(), seed ^ 0xFFFFFFFF
    for byte in bytes(data):
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


@functools.cache
def _word_tables() -> list[U32]:
    """Four tables for the four 16-bit parts of a 64-bit word, the first part first."""
    byte = np.array(_byte_table(), np.uint32)

    def shift(crc: U32) -> U32:  # one zero byte on
        return crc >> np.uint32(8) ^ byte[crc & np.uint32(0xFF)]

    values = np.arange(65536, dtype=np.uint32)
    last = shift(shift(values))  # a 16-bit part that ends the word
    tables = [last]
    for _ in range(3):
        last = shift(shift(last))
        tables.append(last)
    return tables[::-1]


def _step(crc: U32, word: npt.NDArray[np.uint64]) -> U32:
    t = _word_tables()
    low = (word & np.uint64(0xFFFFFFFF)).astype(np.uint32) ^ crc
    high = (word >> np.uint64(32)).astype(np.uint32)
    return (t[0][low & np.uint32(0xFFFF)] ^ t[1][low >> np.uint32(16)] ^ t[2][high & np.uint32(0xFFFF)]
            ^ t[3][high >> np.uint32(16)])


def record_checksums(words: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], salt: int) -> U32:
    """What each record's crc32c field must be (JOURNAL.md 3.2); offsets in bytes."""
    out = np.empty(len(offsets), np.uint32)
    for begin in range(0, len(offsets), _LANES):
        part = offsets[begin:begin + _LANES]
        at = part >> 3
        length = (words[at] & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        crc = np.full(len(part), 0xFFFFFFFF, np.uint32) ^ length
        t = _word_tables()  # 4 bytes are the last two parts of a word
        crc = t[2][crc & np.uint32(0xFFFF)] ^ t[3][crc >> np.uint32(16)]
        crc = _step(crc, np.full(len(part), salt, np.uint64))
        crc = _step(crc, part.astype(np.uint64))
        order = np.argsort(length, kind="stable")[::-1]  # the longest first: those that end drop off the back
        left = (length[order] >> np.uint32(3)).astype(np.int64) - 1
        at, crc = at[order] + 1, crc[order]
        done = 0
        while len(left) and left[0] > done:
            count = int(np.searchsorted(-left, -done, "left"))
            crc[:count] = _step(crc[:count], words[at[:count] + done])
            done += 1
        result = np.empty_like(crc)
        result[order] = crc
        out[begin:begin + _LANES] = result
    return ~out


def stored_checksums(words: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64]) -> Any:
    return (words[offsets >> 3] >> np.uint64(32)).astype(np.uint32)
