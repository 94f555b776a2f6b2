"""Decompression of zstd frames: by the module zstandard, or by the system's libzstd."""
from __future__ import annotations

import ctypes
import ctypes.util
import functools
from typing import Any, Callable

from .errors import JournalError


def _by_library() -> Callable[[bytes, int], bytes] | None:
    name = ctypes.util.find_library("zstd")
    if not name:
        return None
    library: Any = ctypes.CDLL(name)
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]

    def decompress(data: bytes, size: int) -> bytes:
        out = ctypes.create_string_buffer(size)
        done = library.ZSTD_decompress(out, size, data, len(data))
        if library.ZSTD_isError(done) or done != size:
            raise ValueError("a damaged zstd frame")
        return out.raw

    return decompress


def _by_module() -> Callable[[bytes, int], bytes] | None:
    try:
        import zstandard
    except ImportError:
        return None
    decompressor = zstandard.ZstdDecompressor()

    def decompress(data: bytes, size: int) -> bytes:
        try:
            out: bytes = decompressor.decompress(data, max_output_size=size)
        except zstandard.ZstdError as error:
            raise ValueError(str(error)) from None
        if len(out) != size:
            raise ValueError(f"a zstd frame of {len(out)} bytes where {size} are expected")
        return out

    return decompress


@functools.cache
def decompressor() -> Callable[[bytes, int], bytes]:
    """decompress(frame, raw size); ValueError for damage."""
    found = _by_module() or _by_library()
    if found is None:
        raise JournalError("the journal has compressed segments and neither the Python module zstandard nor libzstd is here: "
                           "apt install python3-zstandard, or `bourse journal upgrade` to a raw copy")
    return found
