"""Domains from tables of numbers: CSV files with a column for each feature, and one of labels."""

from __future__ import annotations

import dataclasses
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.optional import require
from xferlab.data.domain import Domain
from xferlab.data.entrance import as_path
from xferlab.data.readers.arrays import domain_from_arrays
from xferlab.data.readers.texts import read_text


def domain_from_table(
    path: str | Path,
    *,
    label: str = "label",
    sep: str = ",",
    name: str | None = None,
    test_fraction: float | None = None,
    seed: int = 0,
    encoding: str = "utf-8",
) -> Domain:
    """Returns the domain of a CSV file: a header, and a row of numbers for each example.

    Classes are the labels as they are written, sorted; an empty cell is a missing label. A file
    without the column of labels is a domain without labels, which a note says.

    Args:
        path: of the file.
        label: name of the column of labels. All others are features.
        sep: what stands between the cells, such as a tab.
        name: of the domain; by default the file's, without its ending.
        test_fraction: what is held out for testing, class by class; by default 0.2, and nothing
            where no label is known.
        seed: of that draw.
        encoding: of the file.

    Raises:
        InputError: a file that is missing, empty, no table or in another encoding; a feature that
            is no number; too few examples of a class.
    """
    path = as_path(path).expanduser()
    frame = read_table(path, sep=sep, encoding=encoding)
    labels, names, note = None, None, f"{path.name} has no column {label!r}: no label is known"
    if label in frame.columns:
        labels, names = _classes(frame[label])
        note = ""
    features = frame.drop(columns=[label], errors="ignore")
    domain = domain_from_arrays(
        name or path.stem,
        numbers_of(features, path),
        labels,
        class_names=names,
        test=test_fraction,
        seed=seed,
    )
    notes = (*domain.notes, *filter(None, [note]))
    columns = tuple(map(str, features.columns))
    return dataclasses.replace(domain, notes=notes, columns=columns)


def read_table(path: Path, *, sep: str, encoding: str = "utf-8") -> Any:
    """Returns a CSV file as a data frame of texts, spaces around them removed.

    Raises:
        InputError: a file that is missing, no table, in another encoding, or without rows; a
            column without a name, or two of one.
    """
    pandas = require("pandas", "pandas")
    content = io.StringIO(read_text(path, encoding), newline="")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(
                content, sep=sep, dtype=str, keep_default_na=False, index_col=False, header=None
            )
    except (ValueError, TypeError, pandas.errors.ParserWarning) as error:
        raise InputError(
            f"{path} is no table: {error}. Expected: a header and rows with as many cells, with"
            f" {sep!r} between them; another separator is chosen by sep"
        ) from error
    frame = frame.apply(lambda column: column.str.strip())
    names = frame.iloc[0].tolist()
    if "" in names or len(set(names)) < len(names):
        what = "a column without a name" if "" in names else "two columns of one name"
        raise InputError(f"{path} has {what} in its header: {names}. Give each column its own")
    if len(frame) < 2:
        raise InputError(f"{path} has a header but no rows. Give one row for each example")
    return frame.iloc[1:].set_axis(names, axis=1).reset_index(drop=True)


def numbers_of(frame: Any, path: Path) -> np.ndarray:
    """Returns the cells of a data frame of texts as numbers, float64 [n, d].

    Raises:
        InputError: no column, or a cell that is no finite number.
    """
    pandas = require("pandas", "pandas")
    if not len(frame.columns):
        raise InputError(f"{path} has no column of features; give one for each")
    numbers = frame.apply(pandas.to_numeric, errors="coerce").to_numpy(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0]
        raise InputError(
            f"{path}, row {row + 1} (the header not counted): column {frame.columns[column]!r}"
            f" holds {frame.iat[row, column]!r}, and {len(bad)} cells are no finite numbers. Every"
            " column but the label's is a feature: fill in what is missing, encode categories as"
            " numbers, leave out what is no feature; texts are read by domains_from_csv"
        )
    return numbers


def _classes(column: Any) -> tuple[Any, list[str] | None]:
    """Returns labels as numbers, masked where the cell is empty, and the names of the classes."""
    values = column.to_numpy(str)
    missing = values == ""
    if missing.all():
        return None, None
    names = sorted(set(values[~missing]))
    numbers = np.searchsorted(names, values).clip(0, len(names) - 1)
    return (np.ma.masked_array(numbers, missing) if missing.any() else numbers), names
