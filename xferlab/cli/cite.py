"""`xferlab cite METHOD`: the paper behind a method or a recipe."""

from __future__ import annotations

from collections.abc import Sequence

from absl import flags

from xferlab.benchmark.runs.methods import find_method
from xferlab.cli.parsing import parse
from xferlab.core.bibliography import bibtex
from xferlab.methods.recipes import RECIPES, REFERENCES


def run(argv: Sequence[str]) -> int:
    """Print the BibTeX entry of the paper of a method or a recipe."""
    (name,) = parse(flags.FlagValues(), argv, positional=1)
    known = REFERENCES.get(name, "") if name in RECIPES else None
    reference = find_method(name).method.reference if known is None else known
    print(bibtex(reference) if reference else f"{name} has no paper of its own")
    return 0
