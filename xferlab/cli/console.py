"""The streams of the command line: any encoding, and a reader that leaves before the end."""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata
from collections.abc import Iterable

from rich.console import Console

STAND_INS = {
    "→": "->", "←": "<-", "↔": "<->", "⊗": "x", "×": "x", "·": "-", "●": "o", "▲": "^", "▼": "v",
    "†": "+", "±": "+-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "−": "-", "–": "-", "—": "-",
    "─": "-", "━": "-", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"',
}  # fmt: skip
"""What is printed where a stream cannot encode a character; '?' for any that is not here."""


class Terminal(Console):
    """A rich console that leaves a broken pipe to the command line, as `print` does."""

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError, where rich would exit by itself."""
        raise BrokenPipeError("the reader of the output is gone")


def accept_any_text(streams: Iterable[object]) -> None:
    """Lets streams print stand-ins instead of failing, whatever their encoding is."""
    codecs.register_error("xferlab.stand_in", _stand_in)
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="xferlab.stand_in")


def discard_output() -> None:
    """Leads streams whose reader is gone to nowhere, so that what they hold fails no more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start : error.end]
    return "".join(map(_plain, missing)), error.end


def _plain(character: str) -> str:
    """Returns ASCII for a character: 'e' for an accented one."""
    if character in STAND_INS:
        return STAND_INS[character]
    base = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return base or "?"
