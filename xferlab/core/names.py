"""Explicit tables that map the names a user types to the objects they mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from xferlab.core.errors import unknown_name

T = TypeVar("T")


class NameTable(Mapping[str, T], Generic[T]):
    """A read-only mapping whose failed look-ups name the closest entries.

    >>> colours = NameTable("colour", {"red": 1, "green": 2})
    >>> colours["green"]
    2
    """

    def __init__(self, kind: str, entries: Mapping[str, T]):
        """Names the kind of entry (for messages) and takes the entries in display order."""
        self.kind = kind
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> T:
        """Returns the entry. Raises InputError, with the closest names, where there is none."""
        if not isinstance(name, str) or name not in self._entries:
            raise unknown_name(self.kind, name, self._entries)
        return self._entries[name]

    def resolve(self, name: str) -> str:
        """Returns the entry's own spelling of a name that differs from it in case alone.

        Raises:
            InputError: as `[]`, where there is none.
        """
        if not isinstance(name, str):
            return self[name]
        spelled = {own.lower(): own for own in self._entries}
        own = spelled.get(name.lower(), name) if name not in self._entries else name
        self[own]
        return own

    def __contains__(self, name: object) -> bool:
        """Tells whether the table has an entry of that name."""
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[str]:
        """Iterates over the names in display order."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Returns the number of entries."""
        return len(self._entries)


def first_line(thing: object) -> str:
    """Returns the first line of a docstring: what `xferlab list` prints beside a name."""
    return (thing.__doc__ or "").strip().splitlines()[0] if thing.__doc__ else ""
