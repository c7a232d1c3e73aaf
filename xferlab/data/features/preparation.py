"""What was done to the inputs of a task before training, to be done to inputs that come later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from xferlab.core.errors import InputError
from xferlab.core.inputs import Inputs, concatenate_inputs, map_parts, parts_of
from xferlab.core.sparse import SparseRows
from xferlab.data.clean_inputs import clean_inputs
from xferlab.data.domain import Domain, describe_inputs
from xferlab.data.features.standardising import mean_and_deviation, scaled_by


class Scale(NamedTuple):
    """Means and deviations of the columns or channels of one kind of inputs, float64 [c] each."""

    mean: Float[np.ndarray, " c"]
    deviation: Float[np.ndarray, " c"]

    def __call__(self, inputs: Any) -> Any:
        """Returns float inputs [n, ..., c] scaled; sparse rows and 8-bit images as they are."""
        if isinstance(inputs, SparseRows) or inputs.dtype != np.float32:
            return inputs
        return scaled_by(inputs, self.mean, self.deviation).astype(np.float32)


class Preparation(NamedTuple):
    """What the inputs of one domain are, and how they are scaled before a network reads them.

    Attributes:
        form: of the inputs as they come, in words: 'float32 [n, 5]'.
        scales: of each modality; None where it is left as it is.
        columns: the names of the columns, where the inputs came from a table.
    """

    form: str
    scales: tuple[Scale | None, ...]
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, domain: Domain, scales: Sequence[Scale | None] | None = None) -> Preparation:
        """Returns the preparation of a domain as it is before it is scaled."""
        inputs = domain.splits["train"].inputs
        kept = (None,) * len(parts_of(inputs)) if scales is None else tuple(scales)
        return cls(describe_inputs(inputs), kept, domain.columns)

    def __call__(self, inputs: Inputs, what: str = "inputs") -> Inputs:
        """Returns later inputs as the network is given them.

        Args:
            inputs: as the domain's own came, [n, ...].
            what: the beginning of an error message.

        Raises:
            InputError: they have another shape or dtype, or are not finite.
        """
        cleaned = clean_inputs(inputs, what)
        if describe_inputs(cleaned) != self.form:
            raise InputError(
                f"{what} are {describe_inputs(cleaned)}, and the run was trained on {self.form}."
                " Give examples of the same form, before any scaling"
            )
        places = iter(self.scales)
        return map_parts(lambda part: _scaled(next(places), part), cleaned)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Returns the scales as arrays by name."""
        arrays = {}
        for place, scale in enumerate(self.scales):
            if scale is not None:
                arrays[f"{place}/mean"], arrays[f"{place}/deviation"] = scale
        return arrays

    def to_json(self) -> dict[str, Any]:
        """Returns all but the scales as plain JSON."""
        return {"form": self.form, "modalities": len(self.scales), "columns": list(self.columns)}

    @classmethod
    def from_parts(cls, data: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Preparation:
        """Returns the preparation of what `to_json` and `to_arrays` gave."""
        scales = [
            Scale(arrays[f"{place}/mean"], arrays[f"{place}/deviation"])
            if f"{place}/mean" in arrays
            else None
            for place in range(data["modalities"])
        ]
        return cls(data["form"], tuple(scales), tuple(data["columns"]))


class BothPrepared(NamedTuple):
    """The preparation of the inputs of source and target."""

    source: Preparation
    target: Preparation

    @classmethod
    def of(cls, source: Domain, target: Domain) -> BothPrepared:
        """Returns that of domains whose inputs are left as they are."""
        return cls(Preparation.of(source), Preparation.of(target))


def scales_over(domains: Sequence[Domain]) -> tuple[Scale | None, ...]:
    """Returns the scale of each modality over the training inputs of domains together.

    Population deviations, over all axes but the last; a column or channel that is constant is
    centred and not scaled. Labels and test inputs are not looked at. Sparse rows and 8-bit images
    have no scale.
    """
    joined = concatenate_inputs([domain.splits["train"].inputs for domain in domains])
    return tuple(map(_scale_of, parts_of(joined)))


def _scale_of(part: Any) -> Scale | None:
    if isinstance(part, SparseRows) or part.dtype != np.float32:
        return None
    return Scale(*mean_and_deviation(np.asarray(part)))


def scaled_domain(domain: Domain, scales: Sequence[Scale | None]) -> Domain:
    """Returns a domain with each modality of its inputs scaled; where there is none, as it is."""
    if all(scale is None for scale in scales):
        return domain

    def scaled(inputs: Inputs) -> Inputs:
        places = iter(scales)
        return map_parts(lambda part: _scaled(next(places), part), inputs)

    return domain.map_inputs(scaled)


def _scaled(scale: Scale | None, part: Any) -> Any:
    return part if scale is None else scale(part)
