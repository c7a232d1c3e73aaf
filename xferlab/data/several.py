"""Several source domains as one: their examples one after the other, and which each is from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from xferlab.core.heads import Labels
from xferlab.core.inputs import concatenate_inputs
from xferlab.data.domain import SPLITS, Domain
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
