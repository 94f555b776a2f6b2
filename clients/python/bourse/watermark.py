"""How far a journal was written, and whether an exchange is writing it (docs/JOURNAL.md 3.6)."""
from __future__ import annotations

import dataclasses
import fcntl
import os
import struct

from .checksum import crc32c

_SLOTS, _SLOT_BYTES = (0, 4096, 8192), 120


@dataclasses.dataclass(frozen=True, slots=True)
class Watermark:
    segment_number: int
    durable_offset: int
    written_offset: int
    released_sequence: int


def read(directory: str) -> Watermark | None:
    """The sound slot with the highest counter; None without one."""
    try:
        with open(os.path.join(directory, "watermark"), "rb") as file:
            raw = file.read()
    except FileNotFoundError:
        return None
    best: tuple[int, Watermark] | None = None
    for at in _SLOTS:
        slot = raw[at:at + _SLOT_BYTES]
        if len(slot) < _SLOT_BYTES or slot[:8] != b"BOURSWM1":
            continue
        if struct.unpack_from("<I", slot, 116)[0] != crc32c(slot[:116]):
            continue
        counter, number, durable, _, written, _, released = struct.unpack_from("<7Q", slot, 48)
        if best is None or counter > best[0]:
            best = counter, Watermark(number, durable, written, released)
    return best[1] if best else None


def is_being_written(directory: str) -> bool:
    """Asks for the lock without taking it: nothing is disturbed."""
    path = os.path.join(directory, "LOCK")
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except OSError:
            return False
    try:
        question = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        f_ofd_getlk = 36
        answer = fcntl.fcntl(descriptor, f_ofd_getlk, question)
        kind: int = struct.unpack_from("h", answer)[0]
        return kind != fcntl.F_UNLCK
    except OSError:
        return False
    finally:
        os.close(descriptor)
