"""`xferlab data list | prepare | check | import`: the data sets of the catalogue."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

from absl import flags

from xferlab.cli.console import Terminal
from xferlab.cli.parsing import parse
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.data.catalogue.check import Finding, check_dataset, is_missing
from xferlab.data.catalogue.dataset import DataSet
from xferlab.data.catalogue.prepare import prepare
from xferlab.data.catalogue.sets.table import DATA_SETS, how_obtained
from xferlab.data.catalogue.take_in import Imported, import_folder

MANY_CLASSES = 12
"""With more classes, counts are given as the least and the most."""
WRONG = ("damaged", "differs")


def run(argv: Sequence[str]) -> int:
    """Data sets: xferlab data list, prepare NAME..., check [NAME...], import FOLDER."""
    names = [text for text in argv[1:] if not text.startswith("-")]
    values = define_flags()
    parse(values, [argv[0], *(text for text in argv[1:] if text.startswith("-"))])
    if not names:
        raise InputError(f"needs one of {', '.join(ACTIONS)}, as in: xferlab data list")
    action = ACTIONS[names[0]]
    for name in ("datasets", "overwrite"):
        if values[name].present and action is not _import:
            raise InputError(f"--{name} goes with import; leave it out of {names[0]}")
    folder = Path(values.data_dir)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"data_dir {values.data_dir!r} is a file; give a folder")
    return action(names[1:], values)


def define_flags() -> flags.FlagValues:
    """Returns the flags of all four."""
    values = flags.FlagValues()
    flags.DEFINE_string("data_dir", "data", "folder with the data sets", flag_values=values)
    flags.DEFINE_list(
        "datasets", [], "import: these alone, NAME,NAME; empty: all that is known",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_bool(
        "overwrite", False, "import: replace files that hold something else", flag_values=values
    )
    return values


def _list(names: Sequence[str], values: flags.FlagValues) -> int:
    """Prints every data set: what it is, where it comes from, whether it is there."""
    console = Terminal(highlight=False)
    for dataset in _chosen(names):
        here = "missing" if is_missing(dataset, Path(values.data_dir)) else "present"
        sizes = f"domains {len(dataset.domains):<3d} classes {len(dataset.class_names):<4d}"
        origin = f"{how_obtained(dataset):10s} {here}"
        head = f"{dataset.name:30s} {dataset.modality:12s} {sizes}  {origin}"
        console.print(head, style="bold", markup=False, soft_wrap=True)
        for line in (
            dataset.title,
            f"licence: {dataset.licence}",
            f"cite: {dataset.citation}; {dataset.homepage}",
        ):
            console.print(f"  {line}", markup=False, soft_wrap=True)
    return 0


def _prepare(names: Sequence[str], values: flags.FlagValues) -> int:
    """Brings the named data sets into the plain form."""
    if not names:
        raise InputError("prepare needs the names of data sets; `xferlab data list` prints them")
    console = Terminal(soft_wrap=True, highlight=False, markup=False)
    for dataset in _chosen(names):
        prepare(dataset, Path(values.data_dir), report=console.print)
    return 0


def _check(names: Sequence[str], values: flags.FlagValues) -> int:
    """Reads the named data sets, or all, and tells what is wrong."""
    if not Path(values.data_dir).is_dir():
        raise InputError(
            f"data_dir {values.data_dir!r} is no folder; give the one that has the data sets"
        )
    wrong = []
    for dataset in _chosen(names):
        for finding in check_dataset(dataset, Path(values.data_dir)):
            print(_finding_line(finding))
            if finding.state in WRONG or (names and finding.state == "missing"):
                wrong.append(_place(finding))
    if wrong:
        raise InputError(f"{len(wrong)} of the above are not as they should be: {', '.join(wrong)}")
    return 0


def _import(names: Sequence[str], values: flags.FlagValues) -> int:
    """Writes every data set that is found in a folder in the plain form."""
    if len(names) != 1:
        raise InputError(f"import takes one folder, got {list(names)}")
    source, data_dir = Path(names[0]), Path(values.data_dir)
    done = import_folder(source, data_dir, names=values.datasets, overwrite=values.overwrite)
    left = []
    for (name, outcome), group in itertools.groupby(done, lambda i: (i.dataset, i.outcome)):
        imported = list(group)
        print(_import_line(name, outcome, imported))
        left += [name] if outcome in ("kept", "failed") else []
    if left:
        raise InputError(f"not imported: {', '.join(left)}; the reasons are above")
    return 0


ACTIONS: NameTable[Callable[[Sequence[str], flags.FlagValues], int]] = NameTable(
    "action", {"list": _list, "prepare": _prepare, "check": _check, "import": _import}
)


def _chosen(names: Sequence[str]) -> list[DataSet]:
    """Returns the named data sets, or all; raises InputError before anything is done."""
    return [DATA_SETS[name] for name in names or DATA_SETS]


def _place(finding: Finding) -> str:
    return f"{finding.dataset}/{finding.domain}" if finding.domain else finding.dataset


def _finding_line(finding: Finding) -> str:
    """Returns what is said of a domain: 'uci_har/2: whole, 302 (47 48 ...), digest'."""
    parts = [f"{name} {_counts(counts)}" for name, counts in finding.counts.items()]
    return f"{_place(finding)}: {'; '.join([finding.state, *parts])}  {finding.note}".rstrip()


def _counts(counts: list[int]) -> str:
    """Returns the sum and the number of each class, or the range where there are many."""
    per_class = " ".join(map(str, counts))
    if len(counts) > MANY_CLASSES:
        per_class = f"{min(counts)} to {max(counts)} in {len(counts)} classes"
    return f"{sum(counts)} ({per_class})"


def _import_line(name: str, outcome: str, imported: list[Imported]) -> str:
    """Returns what became of some domains of a data set."""
    if outcome == "failed":
        return f"{name}: failed: {imported[0].note}"
    examples = sum(each.examples for each in imported)
    domains = f"{len(imported)} domain{'s' if len(imported) > 1 else ''}"
    notes = "; ".join(each.note for each in imported if each.note)
    return f"{name}: {domains} {outcome}, {examples} examples. {notes}".rstrip()
