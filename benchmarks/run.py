"""The suite runner from a checkout: `python -m benchmarks.run --suite=quick` is `xferlab bench`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from xferlab.cli.main import main as xferlab


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `xferlab bench` with these flags and returns its exit status."""
    return xferlab(["bench", *(sys.argv[1:] if argv is None else argv)])


if __name__ == "__main__":
    sys.exit(main())
