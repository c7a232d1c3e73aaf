"""A domain: named examples with labels, in a training and a test split.

8-bit images stay uint8 in memory and are scaled to [-1, 1] by the training step (x / 127.5 - 1,
`xferlab.data.feeds.scaling`); all other inputs are float32. What is checked of the arrays
themselves is in `xferlab.data.split`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jax
import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.heads import FIRST, Head, check_heads
from xferlab.core.inputs import Inputs, Modalities, StoredRows, parts_of
from xferlab.core.seeds import canonical_json
from xferlab.core.sparse import SparseRows
from xferlab.data.entrance import clean_name
from xferlab.data.labels import check_labels_in_range
from xferlab.data.split import Split, clean_split

SPLITS = ("train", "test")
MOST_CLASSES = 32_767
"""Classes of the largest problem that runs record (predictions are 16-bit numbers)."""


@dataclasses.dataclass(frozen=True, eq=False)
class Domain:
    """Examples of one domain; every array is checked and put into its stored form on construction.

    Args:
        name: what tables and error messages call the domain.
        splits: "train" and "test", both needed.
        class_names: the k classes; label i means class_names[i]. Bytes and integers become text.
            () where no label is known: in a task, the classes are then taken to be the source's.
        notes: what a reader left out or changed, in sentences; they stand under every table of a
            suite with this domain. The fingerprint does not see them: it sees what became of it.
        others: heads beside the classes, whose labels `Split.others` has in their order.
        columns: names of the columns, where the inputs come from a table; () for none.

    Raises:
        InputError: see `xferlab.data.split.clean_split` and `xferlab.data.entrance.clean_name`;
            also a label outside [0, k), splits that differ in input shape or dtype, a missing
            split, more than `MOST_CLASSES` or repeated class names.
    """

    name: str
    splits: Mapping[str, Split]
    class_names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    others: tuple[Head, ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "name", clean_name(self.name, "a domain's name", path_like=False))
        object.__setattr__(self, "class_names", clean_class_names(self.class_names, self.name))
        object.__setattr__(self, "notes", tuple(self.notes))
        object.__setattr__(self, "others", tuple(self.others))
        if self.heads:
            check_heads(self.heads, f"domain {self.name!r}")
        self._check_splits()
        cleaned = {name: self._clean(name) for name in SPLITS}
        object.__setattr__(self, "splits", cleaned)
        train, test = (cleaned[name].inputs for name in SPLITS)
        if describe_inputs(train) != describe_inputs(test):
            raise InputError(
                f"domain {self.name!r}: inputs are {describe_inputs(train)} in split 'train' but "
                f"{describe_inputs(test)} in split 'test'. Both need one shape and dtype; resize "
                "or convert one of them."
            )

    def _check_splits(self) -> None:
        """Checks which splits there are."""
        if not isinstance(self.splits, Mapping) or set(self.splits) != set(SPLITS):
            found = sorted(map(str, self.splits)) if isinstance(self.splits, Mapping) else "none"
            raise InputError(
                f"domain {self.name!r} has splits {found}. Allowed: exactly "
                "'train' and 'test'; split_train_test makes both from one set of examples."
            )

    def _clean(self, split_name: str) -> Split:
        """Returns one split, checked and in its stored form."""
        where = f"domain {self.name!r}, split {split_name!r}"
        split = clean_split(self.splits[split_name], where, self.others)
        check_labels_in_range(split.labels, self.num_classes, where, split.known)
        return split

    @property
    def heads(self) -> tuple[Head, ...]:
        """What there are labels of: the classes, under the name 'class', then the others.

        () where nothing says what the classes are.
        """
        if not self.class_names:
            return self.others
        return (Head(FIRST, "classes", self.num_classes, self.class_names), *self.others)

    @property
    def input_shape(self) -> tuple[Any, ...]:
        """The shape of one example, without the leading axis; of several modalities, of each."""
        inputs = self.splits["train"].inputs
        return inputs.shapes if isinstance(inputs, Modalities) else inputs.shape[1:]

    @property
    def input_dtype(self) -> np.dtype:
        """Uint8 (images) or float32; of several modalities that of the first."""
        return parts_of(self.splits["train"].inputs)[0].dtype

    @property
    def num_classes(self) -> int:
        """The number of classes, k."""
        return len(self.class_names)

    @functools.cached_property
    def transductive(self) -> bool:
        """Whether the test split holds the very examples of the training split.

        By their inputs alone: labels that one of the splits lacks make no other examples.
        """
        train, test = (self.splits[name].inputs for name in SPLITS)
        if jax.tree.structure(train) != jax.tree.structure(test):
            return False
        pairs = zip(jax.tree.leaves(train), jax.tree.leaves(test), strict=True)
        return all(a is b or _equal(a, b) for a, b in pairs)

    def with_row_names(self, names: Mapping[str, Any]) -> Domain:
        """Returns the domain whose predictions call each example by a name.

        Args:
            names: of each split, those of the rows as the user gave them, [n]: an example that has
                the number i among them (`Split.row_names`) is called names[i].
        """
        splits = {
            part: dataclasses.replace(split, origin=np.asarray(names[part])[split.row_names])
            for part, split in self.splits.items()
        }
        return dataclasses.replace(self, splits=splits)

    def map_inputs(self, function: Callable[[Any], Inputs]) -> Domain:
        """Returns the domain with the inputs of every split as the function gives them.

        Args:
            function: from inputs [n, ...] to inputs of n examples.
        """
        splits = {
            part: dataclasses.replace(split, inputs=function(split.inputs))
            for part, split in self.splits.items()
        }
        return dataclasses.replace(self, splits=splits)

    @functools.cached_property
    def fingerprint(self) -> str:
        """16 hex digits of a SHA-256 over names, dtypes, shapes and bytes of everything here."""
        hasher = hashlib.sha256(canonical_json([self.name, self.class_names]).encode())
        for head in self.others:
            hasher.update(canonical_json([*head.form, head.names]).encode())
        for split_name in SPLITS:
            inputs = self.splits[split_name].inputs
            for part in parts_of(inputs):
                if isinstance(part, SparseRows):
                    hasher.update(canonical_json(part.shape).encode())
            for array in jax.tree.leaves(self.splits[split_name]):
                hasher.update(canonical_json([str(array.dtype), array.shape]).encode())
                for chunk in array.chunks() if isinstance(array, StoredRows) else (array,):
                    hasher.update(np.ascontiguousarray(chunk).data.cast("B"))
        return hasher.hexdigest()[:16]


def clean_class_names(names: Iterable[Any], domain: str) -> tuple[str, ...]:
    """Returns class names as text.

    Raises:
        InputError: one text for all, no sequence, a name that `clean_name` refuses, more than
            `MOST_CLASSES`, or repeated ones.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise InputError(
            f"domain {domain!r} has class_names {names!r}. Needed: one name for"
            " each class, such as ('cat', 'dog')"
        )
    cleaned = tuple(clean_name(name, f"a class name of domain {domain!r}") for name in names)
    repeated = [name for name, count in Counter(cleaned).items() if count > 1]
    if repeated:
        raise InputError(
            f"domain {domain!r} has class names {list(cleaned)}, {repeated[0]!r} more than once."
            " Each needs to be a different one; give class_names in the order of the labels."
        )
    if len(cleaned) > MOST_CLASSES:
        raise InputError(
            f"domain {domain!r} has {len(cleaned)} classes. Allowed: 2 to {MOST_CLASSES}; are the"
            " labels measurements or identifiers?"
        )
    return cleaned


def _equal(some: Any, others: Any) -> bool:
    """Tells whether two arrays, or two sets of rows on disk, are the same."""
    if isinstance(some, StoredRows) and isinstance(others, StoredRows):
        return some.store is others.store and np.array_equal(some.rows, others.rows)
    return np.array_equal(some, others)


def describe_inputs(inputs: Inputs) -> str:
    """Returns dtype and shape of inputs for a message, of each modality.

    >>> describe_inputs(np.zeros((9, 16, 16, 3), np.uint8))
    'uint8 [n, 16, 16, 3]'
    """
    if isinstance(inputs, Modalities):
        return " and ".join(map(describe_inputs, inputs.parts))
    sparse = "sparse " if isinstance(inputs, SparseRows) else ""
    return f"{sparse}{inputs.dtype} [{', '.join(['n', *map(str, inputs.shape[1:])])}]"
