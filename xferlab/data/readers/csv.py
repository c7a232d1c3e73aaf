"""Domains from the user's own CSV files of texts, one file for each domain."""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xferlab.core.checks import whole_number
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.optional import require
from xferlab.core.sparse import SparseRows
from xferlab.data.domain import Domain
from xferlab.data.entrance import as_path
from xferlab.data.features.bags_of_words import bags_of_words
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.readers.texts import read_text


class _Table(NamedTuple):
    """The two columns of one file."""

    path: Path
    texts: list[str]
    labels: list[str]
    others: list[str]
    """Names of the other columns."""


def domains_from_csv(
    paths: Mapping[str, str | Path] | Sequence[str | Path],
    *,
    columns: tuple[str, str] = ("text", "label"),
    test: float = 0.2,
    max_features: int = 5000,
    seed: int = 0,
    encoding: str = "utf-8",
) -> dict[str, Domain]:
    """Returns one domain for each CSV file, as bags of words over one vocabulary.

    The files have a header, commas, and a text and a label in each row; other columns are passed
    over, and texts without a word of the vocabulary are kept as rows of zeros: the notes of the
    domains say so. Classes are the labels as they are written, sorted; all files need the same
    ones. The vocabulary is chosen as `bags_of_words` says, from the texts of all files, those held
    out for testing too, without their labels.

    Args:
        paths: of the files by the names of their domains; or the paths alone, and a domain is
            called as its file, without the ending.
        columns: names of the columns of the text and of the label.
        test: the fraction of each file that is held out for testing, class by class.
        max_features: size of the vocabulary at most.
        seed: of the draw of the test examples.
        encoding: of all files.

    Raises:
        InputError: paths, columns or numbers that are none; a file that is missing, empty, no table
            or in another encoding; a column that is missing; an empty cell; a label that another
            file lacks; a class with fewer than two rows, or too few rows for `test`.
    """
    named = _named(paths)
    if isinstance(columns, str) or [type(c) for c in columns] != [str, str]:
        raise InputError(f"columns is {columns!r}. Allowed: the names of text and label, two texts")
    whole_number("max_features", max_features, least=1, most=10_000_000)
    tables = {name: _read_table(as_path(path), columns, encoding) for name, path in named.items()}
    class_names = _shared_classes(list(tables.values()))
    bags, vocabulary = bags_of_words(
        {name: table.texts for name, table in tables.items()}, max_features=max_features
    )
    domains = {}
    for name, table in tables.items():
        labels = np.searchsorted(class_names, table.labels)
        domain = domain_from_arrays(
            name, bags[name], labels, class_names=class_names, test=test, seed=seed
        )
        notes = tuple(_notes(table, bags[name], len(vocabulary)))
        domains[name] = dataclasses.replace(domain, notes=notes)
    return domains


def _notes(table: _Table, bags: SparseRows, words: int) -> Iterator[str]:
    """Yields what became of the texts, and what was left out."""
    yield f"texts are counts of {words} words and pairs of words, chosen from those of all files"
    empty = int((bags.values == 0).all(axis=1).sum())
    if empty:
        yield f"{empty} of {len(table.texts)} texts have none of these words"
    if table.others:
        yield f"other columns of {table.path.name} were passed over: {', '.join(table.others)}"


def _named(paths: Mapping[str, str | Path] | Sequence[str | Path]) -> Mapping[str, str | Path]:
    """Returns the paths by the names of their domains."""
    if isinstance(paths, Mapping):
        return paths
    if isinstance(paths, str | Path):
        raise InputError(f"paths is {str(paths)!r}. Allowed: a list of paths, or a dict by name.")
    if not isinstance(paths, Sequence):
        raise InputError(f"paths is {paths!r}. Allowed: a list of paths, or a dict by name.")
    named = {as_path(path).stem: path for path in paths}
    if len(named) != len(paths):
        raise InputError(
            f"two of the files {', '.join(map(str, paths))} have one name. Give a dict of the "
            "paths by the names of their domains."
        )
    return named


def _read_table(path: Path, columns: tuple[str, str], encoding: str) -> _Table:
    """Returns the texts and labels of one file."""
    pandas = require("pandas", "pandas")
    content = io.StringIO(read_text(path, encoding), newline="")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(content, dtype=str, keep_default_na=False, index_col=False)
    except (ValueError, pandas.errors.ParserWarning) as error:  # pandas' own are ValueErrors
        raise InputError(
            f"{path} is no CSV table: {error}. Expected: a header and rows with as many cells, "
            'separated by commas; a text with commas or line breaks stands in "quotes".'
        ) from error
    for column in columns:
        if column not in frame.columns:
            raise unknown_name(f"column of {path}:", column, map(str, frame.columns))
    cells = {column: frame[column].fillna("").str.strip().tolist() for column in columns}
    _check_cells(path, cells)
    others = [str(column) for column in frame.columns if column not in columns]
    texts, labels = cells.values()
    return _Table(path, texts, labels, others)


def _check_cells(path: Path, cells: Mapping[str, list[str]]) -> None:
    """Raises InputError for a table without rows and for the first empty cell."""
    for column, values in cells.items():
        if not values:
            raise InputError(f"{path} has a header but no rows. At least two for each class.")
        if "" in values:
            raise InputError(
                f"{path}, row {values.index('') + 1} (the header not counted): the column "
                f"{column!r} is empty; {values.count('')} of {len(values)} rows are. Every row "
                "needs a text and a label; fill in or remove these rows."
            )


def _shared_classes(tables: Sequence[_Table]) -> list[str]:
    """Returns the sorted labels of all files if each file has two rows or more of each."""
    class_names = sorted({label for table in tables for label in table.labels})
    if len(class_names) < 2:
        raise InputError(
            f"the files have the labels {class_names}. At least two different ones are needed; is "
            "this the column of the labels?"
        )
    for table in tables:
        rare = [name for name in class_names if table.labels.count(name) < 2]
        if rare:
            count = table.labels.count(rare[0])
            others = [str(other.path) for other in tables if rare[0] in other.labels]
            raise InputError(
                f"the label {rare[0]!r} is in {', '.join(others)}, and in {count} rows of "
                f"{table.path}. All files need the same classes, two rows or more of each; add "
                "rows, correct the spelling, or leave the label out everywhere."
            )
    return class_names
