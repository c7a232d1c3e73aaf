"""`xferlab cite METHOD`: the paper behind a method."""

from __future__ import annotations

from collections.abc import Sequence

from absl import flags

from xferlab.benchmark.runs.methods import find_method
from xferlab.cli.parsing import parse
from xferlab.core.bibliography import bibtex


def run(argv: Sequence[str]) -> int:
    """Print the BibTeX entry of a method's paper: xferlab cite dann."""
    (name,) = parse(flags.FlagValues(), argv, positional=1)
    reference = find_method(name).method.reference
    print(bibtex(reference) if reference else f"{name} has no paper of its own")
    return 0
