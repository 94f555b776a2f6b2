"""What can go wrong, each kind with a name of its own."""
from __future__ import annotations

from typing import Any


class BourseError(Exception):
    """Base of everything this package raises on purpose."""


class FrameError(BourseError):
    """Bytes that are no frame: what, and at which offset."""


class JournalError(BourseError):
    """A journal that is missing, foreign, damaged or cannot be read here: which file, and what to do."""


class DamagedError(JournalError):
    """Bytes of a journal that do not match their checksum; `file` and `offset` say where."""

    def __init__(self, file: str, offset: int, what: str) -> None:
        super().__init__(f"{file}: offset {offset}: {what}; `bourse journal verify` names all that is lost")
        self.file, self.offset = file, offset


class RangeError(BourseError):
    """A sequence or time outside of what there is; the message names the range."""


class UnknownSymbol(BourseError):
    def __init__(self, symbol: str, known: list[str]) -> None:
        import difflib
        near = difflib.get_close_matches(symbol, known, 3)
        hint = f"did you mean {', '.join(near)}?" if near else f"there are {len(known)}: {', '.join(known[:8])}"
        super().__init__(f"unknown symbol {symbol!r}; {hint}")
        self.symbol = symbol


class GapError(BourseError):
    """Events are missing: a book that went on would be wrong. `expected` and `got` are rpt_seq's."""

    def __init__(self, what: str, expected: int, got: int) -> None:
        super().__init__(f"{what}: expected {expected}, got {got}")
        self.expected, self.got = expected, got


class BookError(BourseError):
    """An event that contradicts the book, or a check that fails."""


class RemoteError(BourseError):
    """The server said no to a request. `code` and `name` are stable (docs/PROTOCOL.md, section 5)."""

    def __init__(self, reply: dict[str, Any]) -> None:
        self.code = int(reply.get("code", 0))
        self.name = str(reply.get("name", ""))
        self.reply = reply
        hint = f" ({reply['hint']})" if reply.get("hint") else ""
        near = f"; did you mean {', '.join(reply['did_you_mean'])}?" if reply.get("did_you_mean") else ""
        symbol = f"{reply['symbol']}: " if reply.get("symbol") else ""
        super().__init__(f"{self.code} {self.name}: {symbol}{reply.get('msg', '')}{near}{hint}")


class Rejected(BourseError):
    """An order, amend or cancel that was refused, at the edge or by the exchange. `code` and `name` as in docs/PROTOCOL.md;
    `sequenced` tells whether it has a place in the log, and so has used up its client_seq."""

    def __init__(self, code: int, name: str, message: str, reply: dict[str, Any], sequenced: bool) -> None:
        super().__init__(f"{code} {name}" + (f": {message}" if message else ""))
        self.code, self.name, self.reply, self.sequenced = code, name, reply, sequenced
