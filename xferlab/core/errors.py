"""Errors that are addressed to the user. What went wrong in xferlab itself raises other types."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Bad input: the message names the value, what is allowed and what to do.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> InputError:
    """Returns the error for a name that no table holds, listing the closest names.

    >>> print(unknown_name("method", "dan2", ["dan", "mcc"]))
    unknown method 'dan2'. Did you mean: dan? Allowed: dan, mcc
    """
    allowed = sorted(allowed)
    close = difflib.get_close_matches(name, allowed, n=3)
    hint = f" Did you mean: {', '.join(close)}?" if close else ""
    return InputError(f"unknown {kind} {name!r}.{hint} Allowed: {', '.join(allowed) or 'none'}")
