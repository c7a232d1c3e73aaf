"""Several domains: as one, their examples one after the other, and whether they fit together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from xferlab.core.errors import InputError
from xferlab.core.heads import Labels, describe_heads
from xferlab.core.inputs import concatenate_inputs
from xferlab.data.domain import SPLITS, Domain, describe_inputs
from xferlab.data.split import Split


def joined_domains(domains: Sequence[Domain]) -> Domain:
    """Returns the examples of domains of the same classes and heads, under the name 'a+b'."""
    return Domain(
        name="+".join(domain.name for domain in domains),
        splits={name: _concatenate(domains, name) for name in SPLITS},
        class_names=domains[0].class_names,
        others=domains[0].others,
    )


def domain_ids(domains: Sequence[Domain], split_name: str) -> Int[np.ndarray, " n"]:
    """Returns for each example of several domains, in their order, which of them it is from."""
    counts = [len(domain.splits[split_name].labels) for domain in domains]
    return np.repeat(np.arange(len(domains), dtype=np.int32), counts)


def _concatenate(domains: Sequence[Domain], split_name: str) -> Split:
    """Returns one split of several domains, in their order."""
    splits = [domain.splits[split_name] for domain in domains]
    joined = [_joined(labels) for labels in zip(*(s.by_head for s in splits), strict=True)]
    return Split(concatenate_inputs([s.inputs for s in splits]), *joined[0], tuple(joined[1:]))


def _joined(parts: tuple[Labels, ...]) -> Labels:
    """Returns the labels of several splits under one head, one after the other."""
    values = np.concatenate([part.values for part in parts])
    if all(part.known is None for part in parts):
        return Labels(values)
    masks = [np.ones(len(v), bool) if known is None else known for v, known in parts]
    return Labels(values, np.concatenate(masks))


def check_same_inputs(task: str, source: Domain, target: Domain) -> None:
    """Raises InputError if one network could not read both domains."""
    forms = [describe_inputs(domain.splits["train"].inputs) for domain in (source, target)]
    if forms[0] != forms[1]:
        raise InputError(
            f"task {task!r}: inputs of source {source.name!r} are {forms[0]}, of target "
            f"{target.name!r} {forms[1]}. Both need one shape and dtype; load the domains with "
            "the same image size and channels, or convert one of them; a setting with"
            " own_inputs=True gives the target an encoder of its own."
        )


def check_same_heads(task: str, source: Domain, target: Domain) -> None:
    """Raises InputError if source and target have other heads beside the classes."""
    if source.others != target.others:
        raise InputError(
            f"task {task!r}: source {source.name!r} has the heads {describe_heads(source.heads)},"
            f" target {target.name!r} {describe_heads(target.heads)}. Both need the same in the"
            " same order; a head that one has no labels of can have them masked there"
        )
