"""One segment of a journal (docs/JOURNAL.md, section 3): where its records lie, found without a loop over them.

A sealed segment has an index with an entry for about every 16 KiB. All stretches between entries are walked at once, record by
record, as lanes of an array: some seventy steps for a segment of a million records."""
from __future__ import annotations

import dataclasses
import mmap
import os
import struct
from typing import Any

import numpy as np
import numpy.typing as npt

from . import zstd
from .checksum import crc32c, record_checksums, stored_checksums
from .errors import DamagedError, JournalError

HEADER_BYTES, FOOTER_BYTES, RECORD_HEADER_BYTES = 4096, 104, 32
TRANSACTION, COMMIT, SEAL, PAD = 1, 2, 3, 4
_INDEX = np.dtype([("sequence", "<u4"), ("offset", "<u4"), ("time", "<i8")])

Offsets = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    journal: bytes
    number: int
    base_sequence: int
    epoch: int
    salt: int
    previous_last_sequence: int

    @staticmethod
    def read(path: str, raw: bytes) -> Header:
        name = os.path.basename(path)
        if len(raw) < HEADER_BYTES or raw[:8] != b"BOURSLOG":
            raise JournalError(f"{path}: no segment of a journal (its first bytes are {raw[:8]!r})")
        if struct.unpack_from("<I", raw, 4092)[0] != crc32c(raw[:4092]):
            raise DamagedError(name, 0, "the header does not match its checksum")
        major, incompatible = struct.unpack_from("<H", raw, 8)[0], struct.unpack_from("<Q", raw, 120)[0]
        if major != 1 or incompatible:
            raise JournalError(f"{path}: version {major}, features {incompatible:#x}: made by a newer bourse; this package reads "
                               "version 1")
        number, base = struct.unpack_from("<QQ", raw, 32)
        return Header(raw[16:32], number, base, struct.unpack_from("<I", raw, 48)[0], struct.unpack_from("<Q", raw, 80)[0],
                      struct.unpack_from("<Q", raw, 88)[0])


@dataclasses.dataclass(frozen=True, slots=True)
class Records:
    """The transactions of a segment: byte offsets, ascending. Sequences are dense from `first_sequence`."""
    offsets: Offsets
    first_sequence: int
    is_open: bool

    @property
    def last_sequence(self) -> int:
        return self.first_sequence + len(self.offsets) - 1


class Segment:
    """`words` is the segment as 64-bit words: a view of the mapped file, or of memory if it is compressed or being written."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.name = os.path.basename(path)
        self.is_open = path.endswith(".open")
        self.is_compressed = path.endswith(".zst")
        self._frames: list[tuple[int, int, int]] = []  # compressed offset, compressed bytes, raw bytes
        self._records: Records | None = None
        self._bytes_max: int | None = None
        if self.is_compressed:
            self._frames = self._seek_table()
        self.header = Header.read(path, self._read(0, HEADER_BYTES))

    # Bytes.
    def _seek_table(self) -> list[tuple[int, int, int]]:
        with open(self.path, "rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 9))
            count, _, magic = struct.unpack("<IBI", file.read(9)) if size > 17 else (0, 0, 0)
            table = 8 + 8 * count + 9
            if magic != 0x8F92EAB1 or table > size:
                raise DamagedError(self.name, max(0, size - 9), "no table of frames at its end")
            file.seek(size - table + 8)
            sizes = struct.unpack(f"<{2 * count}I", file.read(8 * count))
        frames, at = [], 0
        for compressed, raw in zip(sizes[::2], sizes[1::2]):
            frames.append((at, compressed, raw))
            at += compressed
        if at != size - table:
            raise DamagedError(self.name, size - table, "the table of frames does not add up to the file")
        return frames

    def _decompress(self, first: int, last: int) -> bytes:
        parts = []
        with open(self.path, "rb") as file:
            for at, compressed, raw in self._frames[first:last]:
                file.seek(at)
                try:
                    parts.append(zstd.decompressor()(file.read(compressed), raw))
                except ValueError as error:
                    raise DamagedError(self.name, at, str(error)) from None
        return b"".join(parts)

    def _read(self, begin: int, count: int) -> bytes:
        if self.is_compressed:
            return self._decompress(0, 1)[begin:begin + count]
        with open(self.path, "rb") as file:
            return os.pread(file.fileno(), count, begin)

    def limit(self, bytes_max: int) -> None:
        """What lies behind has not been released by the exchange that writes it."""
        self._bytes_max, self._records = bytes_max, None

    def words(self) -> Words:
        """A segment that was sealed or compressed since it was found is read under its new name."""
        for _ in range(3):
            try:
                return self._words()
            except FileNotFoundError:
                self._follow()
        return self._words()

    def _follow(self) -> None:
        base = self.path.removesuffix(".zst").removesuffix(".seg").removesuffix(".open")
        for suffix in (".seg", ".seg.zst", ".open"):
            if os.path.exists(base + suffix):
                self.path, self.name = base + suffix, os.path.basename(base + suffix)
                self.is_open, self.is_compressed = suffix == ".open", suffix == ".seg.zst"
                self._frames = self._seek_table() if self.is_compressed else []
                return
        raise JournalError(f"{self.path}: deleted since it was found (retention); `refresh()` sees what is left")

    def _words(self) -> Words:
        if self.is_compressed:
            data: Any = self._decompress(0, len(self._frames))
        elif self.is_open:  # not mapped: the file is cut when it is sealed
            with open(self.path, "rb") as file:
                size = os.fstat(file.fileno()).st_size
                data = file.read(size if self._bytes_max is None else min(size, self._bytes_max))
        else:
            with open(self.path, "rb") as file:
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return np.frombuffer(data, "<u8", len(data) // 8)

    # Records.
    def records(self, words: Words, trusted: int = HEADER_BYTES) -> Records:
        """Of an open segment only what precedes the first record that is not sound; up to `trusted` nothing is checked."""
        if self._records is None or self._records.is_open != self.is_open:
            offsets = self._walk_open(words, trusted) if self.is_open else self._walk_sealed(words)
            kinds = (words[(offsets >> 3) + 3] >> np.uint64(32)).astype(np.uint16)
            offsets = offsets[kinds == TRANSACTION]
            self._check_lengths(words, offsets)
            first = int(words[(offsets[0] >> 3) + 1]) if len(offsets) else self.header.base_sequence
            if len(offsets) and int(words[(offsets[-1] >> 3) + 1]) != first + len(offsets) - 1:
                raise DamagedError(self.name, int(offsets[0]), "its sequences are not dense")
            self._records = Records(offsets, first, self.is_open)
        return self._records

    def _check_lengths(self, words: Words, offsets: Offsets) -> None:
        """What lies in each transaction adds up to its length, so that whoever follows the counts stays inside of it."""
        at = offsets >> 3
        low = np.uint64(0xFFFFFFFF)
        length, counts, sizes = words[at] & low, words[at + 4], words[at + 5]
        command, report = sizes & np.uint64(0xFFFF), sizes >> np.uint64(16) & np.uint64(0xFFFF)
        total = np.uint64(56) + command + (counts & low) * np.uint64(64) + (counts >> np.uint64(32)) * report
        has_reports = counts >> np.uint64(32) != 0
        wrong = (total != length) | (command < np.uint64(120)) | (command & np.uint64(7) != 0)
        wrong |= has_reports & ((report < np.uint64(104)) | (report & np.uint64(7) != 0))
        if wrong.any():
            raise DamagedError(self.name, int(offsets[wrong.argmax()]), "the parts of a transaction do not add up to its length")

    def _footer(self, words: Words) -> tuple[int, int, int]:
        raw = words[-FOOTER_BYTES // 8:].tobytes()
        if raw[:8] != b"BOURSEND" or struct.unpack_from("<I", raw, 100)[0] != crc32c(raw[:100]):
            raise DamagedError(self.name, len(words) * 8 - FOOTER_BYTES, "no sound footer: the file is cut or damaged")
        seal, index = struct.unpack_from("<QQ", raw, 16)
        count: int = struct.unpack_from("<I", raw, 32)[0]
        if seal < HEADER_BYTES or not seal < index <= index + 16 * count <= len(words) * 8 - FOOTER_BYTES:
            raise DamagedError(self.name, len(words) * 8 - FOOTER_BYTES, "the footer points outside of the file")
        return seal, index, count

    def _walk_sealed(self, words: Words) -> Offsets:
        seal, index, count = self._footer(words)
        entries = np.frombuffer(words.data, _INDEX, count, index)
        if not count:
            return np.empty(0, np.int64)
        if crc32c(entries.tobytes()) != struct.unpack("<I", words[-FOOTER_BYTES // 8:].tobytes()[36:40])[0]:
            return self._walk_to(words, seal)  # the index is damaged, the records need not be
        position = entries["offset"].astype(np.int64)
        end = np.append(position[1:], seal)
        if (position >= end).any() or position[0] < HEADER_BYTES or (position & 7).any():
            raise DamagedError(self.name, index, "the index does not ascend")
        lane = np.arange(count)
        steps: list[tuple[Offsets, Offsets]] = []
        while len(position):
            steps.append((position, lane))
            position = position + self._lengths(words, position)
            if (position > end).any():
                raise DamagedError(self.name, int(steps[-1][0][(position > end).argmax()]), "a record does not end where the next one begins")
            going = position < end
            if not going.all():
                position, end, lane = position[going], end[going], lane[going]
        per_lane = np.zeros(count, np.int64)
        for at, lanes in steps:
            per_lane[lanes] += 1
        first = np.cumsum(per_lane) - per_lane
        offsets = np.empty(int(per_lane.sum()), np.int64)
        for step, (at, lanes) in enumerate(steps):
            offsets[first[lanes] + step] = at
        return offsets

    def _walk_to(self, words: Words, seal: int) -> Offsets:
        """One record after the other."""
        offsets = self._walk_open(words[:seal // 8], seal)
        end = int(offsets[-1] + self._lengths(words, offsets[-1:])[0]) if len(offsets) else HEADER_BYTES
        if end != seal:
            raise DamagedError(self.name, end, "a record does not end where the next one begins")
        return offsets

    def _lengths(self, words: Words, offsets: Offsets) -> Offsets:
        length = (words[offsets >> 3] & np.uint64(0xFFFFFFFF)).astype(np.int64)
        bad = (length < RECORD_HEADER_BYTES) | ((length & 7) != 0)
        if bad.any():
            raise DamagedError(self.name, int(offsets[bad.argmax()]), "no record")
        return length

    def _walk_open(self, words: Words, trusted: int) -> Offsets:
        lengths = words.data.cast("B").cast("I")
        end, at, found = len(words) * 8, HEADER_BYTES, []
        while at < end:
            length = lengths[at >> 2]
            if length < RECORD_HEADER_BYTES or length & 7 or at + length > end:
                break
            found.append(at)
            at += length
        offsets = np.array(found, np.int64)
        doubtful = offsets[offsets >= trusted]
        if len(doubtful):
            wrong = record_checksums(words, doubtful, self.header.salt) != stored_checksums(words, doubtful)
            if wrong.any():
                offsets = offsets[offsets < doubtful[wrong.argmax()]]
        return offsets

    def verify(self, words: Words) -> int:
        """Compares every record of the segment with its checksum; how many there are. DamagedError for the first that differs."""
        offsets = self._walk_open(words, len(words) * 8) if self.is_open else self._walk_sealed(words)
        wrong = record_checksums(words, offsets, self.header.salt) != stored_checksums(words, offsets)
        if wrong.any():
            raise DamagedError(self.name, int(offsets[wrong.argmax()]), "a record does not match its checksum")
        return len(offsets)
