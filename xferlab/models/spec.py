"""`NetworkSpec`: the network that all methods of a suite share, as plain data."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

from xferlab.core.checks import shown, whole_number, whole_numbers
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.heads import Head, Kind, check_heads

BACKBONE_NAMES = (
    "mlp",
    "lenet",
    "small_conv",
    "temporal_conv",
    "efficientnet_lite0",
    "efficientnet_lite0_imagenet",
)
"""The names of `models.backbones.BACKBONES`, which loads jax; a test holds them together."""
CONVOLUTIONS = ("auto", "im2col", "batched", "forward", "xla")
BATCH_NORMS = ("joint", "separate", "domain", "frozen")
PlainHead = tuple[str, int] | tuple[str, int, Kind]
"""Name, outputs, and the kind where it is not 'classes'."""
PlainInput = tuple[str, tuple[int, ...], tuple[int, ...]]
"""A backbone, the shape of what it reads, and the widths of its layers where it has a choice."""
COMPUTE_TYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Encoder (backbone + bottleneck) and named heads; frozen, with a JSON round trip.

    Attributes:
        backbone: a name of `models.backbones.BACKBONES`.
        input_shape: shape of one example, `[h, w, c]` or `[d]`.
        heads: `(name, number of outputs)` of each head, with its kind as a third where that is not
            'classes': ('slant', 1, 'numbers'). The first one tells classes.
        hidden: widths of the backbone's layers, where it has a choice.
        head_hidden: widths of the ReLU layers between the features and each head's outputs; empty
            for linear heads. What aligns features does so before them.
        bottleneck: width of the Linear-BatchNorm-ReLU layer after the backbone; 0 for none.
        dropout: dropped fraction in the backbone, in [0, 1).
        batch_norm: 'joint' (one pass over source and target together), 'separate' (a pass each,
            shared averages), 'domain' (a pass each, averages, scale and bias per domain) or
            'frozen' (a pretrained backbone normalises by the averages that came with its weights,
            which do not move; a bottleneck's batch norm is 'separate').
        convolution: 'auto', 'im2col', 'batched', 'forward' or 'xla' (see `models.layers`).
        compute: 'float32' or 'bfloat16': the type in which the encoder multiplies and convolves.
            Parameters, gradients, batch-norm statistics, features, heads, discriminators and losses
            are float32 in both.
        further_inputs: (backbone, input shape, hidden) of each further modality, in the order of
            `xferlab.Modalities`: a backbone for each; their features stand side by side before the
            bottleneck. Backbone, input_shape and hidden above are those of the first.
        target_inputs: the same of every modality of the target and the shots, where these have an
            input space of their own: an encoder of their own then reads them, and the heads are
            shared. () for one encoder.
        source_domains: how many domains the source has, for methods whose networks or losses tell
            them apart. A run takes it from its data, whatever is given here.
    """

    backbone: str
    input_shape: tuple[int, ...]
    heads: tuple[PlainHead, ...]
    hidden: tuple[int, ...] = ()
    head_hidden: tuple[int, ...] = ()
    bottleneck: int = 0
    dropout: float = 0.0
    batch_norm: str = "separate"
    convolution: str = "auto"
    compute: str = "float32"
    further_inputs: tuple[PlainInput, ...] = ()
    target_inputs: tuple[PlainInput, ...] = ()
    source_domains: int = 1

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        for kind, value, allowed in (
            ("batch_norm", self.batch_norm, BATCH_NORMS),
            ("convolution", self.convolution, CONVOLUTIONS),
            ("compute", self.compute, COMPUTE_TYPES),
        ):
            if value not in allowed:
                raise unknown_name(kind, value, allowed)
        if not isinstance(self.dropout, int | float) or not 0.0 <= self.dropout < 1.0:
            raise InputError(f"dropout is {self.dropout!r}; it must lie in [0, 1)")
        for name in ("hidden", "head_hidden", "input_shape"):
            widths = whole_numbers(name, self.__dict__[name], least=1)
            object.__setattr__(self, name, widths)  # A list of them is a tuple of them.
        for name in ("further_inputs", "target_inputs"):
            object.__setattr__(self, name, _inputs(name, self.__dict__[name]))
        for backbone in (self.backbone, *(name for name, *_ in self._beside)):
            if backbone not in BACKBONE_NAMES:
                raise unknown_name("network", backbone, BACKBONE_NAMES)
        if self.target_inputs and self.batch_norm == "joint":
            raise InputError(
                "batch_norm is 'joint', one pass over source and target together, and the target"
                " has inputs of its own. Choose 'separate' or 'domain'"
            )
        object.__setattr__(self, "heads", _heads(self.heads))
        whole_number("bottleneck", self.bottleneck, least=0)
        whole_number("source_domains", self.source_domains, least=1)

    @property
    def _beside(self) -> tuple[PlainInput, ...]:
        return (*self.further_inputs, *self.target_inputs)

    @property
    def branches(self) -> tuple[NetworkSpec, ...]:
        """The spec of each modality's backbone by itself."""
        alone = dataclasses.replace(self, further_inputs=(), target_inputs=())
        return (alone, *(_with_input(alone, *branch) for branch in self.further_inputs))

    @property
    def of_target(self) -> NetworkSpec:
        """The spec whose encoder reads the target: this one, unless the target has its own."""
        if not self.target_inputs:
            return self
        first, *others = self.target_inputs
        alone = dataclasses.replace(self, further_inputs=tuple(others), target_inputs=())
        return _with_input(alone, *first)

    @property
    def input_size(self) -> int:
        """Number of values in one example."""
        return math.prod(self.input_shape)

    @property
    def outputs(self) -> tuple[Head, ...]:
        """The heads, without the names of what they predict."""
        return tuple(Head(name, (*kind, "classes")[0], n) for name, n, *kind in self.heads)

    @property
    def num_classes(self) -> int:
        """Number of outputs of the first head."""
        return self.heads[0][1]

    @property
    def bn_domains(self) -> int:
        """Number of separate sets of batch-norm statistics."""
        return 2 if self.batch_norm == "domain" else 1


def network_heads(heads: Sequence[Head]) -> tuple[PlainHead, ...]:
    """Returns the heads of a domain as `NetworkSpec` takes them.

    >>> network_heads([Head("class", "classes", 2), Head("slant", "numbers", 1)])
    (('class', 2), ('slant', 1, 'numbers'))
    """
    return tuple(
        (head.name, head.size) if head.kind == "classes" else (head.name, head.size, head.kind)
        for head in heads
    )


def _with_input(
    spec: NetworkSpec, backbone: str, shape: tuple[int, ...], hidden: tuple[int, ...]
) -> NetworkSpec:
    """Returns the spec with another first input."""
    return dataclasses.replace(spec, backbone=backbone, input_shape=shape, hidden=hidden)


def _inputs(field: str, inputs: Any) -> tuple[PlainInput, ...]:
    """Returns further inputs as tuples. Raises InputError for what names no shape."""
    rows = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    if not all(isinstance(row, tuple | list) and len(row) in (2, 3) for row in rows):
        raise InputError(
            f"{field} is {shown(inputs)}. Give (backbone, input shape) or (backbone, input shape,"
            " hidden) of each, such as (('mlp', (16,), (64,)),)"
        )
    plain = [(name, shape, *(hidden or [()])) for name, shape, *hidden in rows]
    return tuple(
        (name, whole_numbers(field, shape, least=1), whole_numbers(field, hidden, least=1))
        for name, shape, hidden in plain
    )


def _heads(heads: Any) -> tuple[PlainHead, ...]:
    """Returns the heads as tuples. Raises InputError for what are no names with outputs."""
    try:
        rows = [(name, outputs, *(kind or ["classes"])) for name, outputs, *kind in heads]
    except (TypeError, ValueError):
        rows = []
    names = [row[0] for row in rows]
    if not rows or not all(isinstance(name, str) and name for name in names):
        raise InputError(
            f"heads are {shown(heads)}; give at least one (name, outputs), such as (('class', 10),)"
        )
    if len(set(names)) < len(names):
        raise InputError(f"heads are {names}; each needs a name of its own")
    if any(len(row) != 3 for row in rows):
        raise InputError(f"heads are {shown(heads)}; give (name, outputs) or (name, outputs, kind)")
    return network_heads(
        check_heads([Head(name, kind, n) for name, n, kind in rows], "the network")
    )
