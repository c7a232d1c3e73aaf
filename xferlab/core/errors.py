"""Errors that are addressed to the user. What went wrong in xferlab itself raises other types."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class InputError(ValueError):
    """Bad input: the message names the value, what is allowed and what to do.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """


LONGEST_LIST = 400
"""Characters of names that a message lists; of more it shows the closest."""


def unknown_name(kind: str, name: object, allowed: Iterable[str]) -> InputError:
    """Returns the error for a name that no table holds, listing the closest names.

    Case does not count for closeness. Of many allowed names only the closest few are listed.

    >>> print(unknown_name("method", "dan2", ["dan", "mcc"]))
    unknown method 'dan2'. Did you mean: dan? Allowed: dan, mcc
    """
    names = sorted(allowed)
    close = _closest(str(name), names, 3, 0.6)
    hint = f" Did you mean: {', '.join(close)}?" if close else ""
    listed = ", ".join(names) or "none"
    if len(listed) > LONGEST_LIST:
        few = _closest(str(name), names, 5, 0.0)
        listed = f"{len(names)} names, such as {', '.join(few)}; `xferlab list` has them"
    return InputError(f"unknown {kind} {name!r}.{hint} Allowed: {listed}")


def _closest(name: str, names: Sequence[str], count: int, cutoff: float) -> list[str]:
    by_lower: dict[str, str] = {each.lower(): each for each in reversed(names)}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=count, cutoff=cutoff)
    return [by_lower[lower] for lower in found]
