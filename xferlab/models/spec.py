"""`NetworkSpec`: the network that all methods of a suite share, as plain data."""

from __future__ import annotations

import dataclasses
import math

from xferlab.core.errors import InputError

BATCH_NORMS = ("joint", "separate", "domain", "frozen")
COMPUTE_TYPES = ("float32", "bfloat16")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """Encoder (backbone + bottleneck) and named heads; frozen, with a JSON round trip.

    Attributes:
        backbone: a name of `models.backbones.BACKBONES`.
        input_shape: shape of one example, `[h, w, c]` or `[d]`.
        heads: `(name, number of outputs)` of each head; the first one classifies.
        hidden: widths of the backbone's layers, where it has a choice.
        head_hidden: widths of the ReLU layers between the features and each head's outputs; empty
            for linear heads. What aligns features does so before them.
        bottleneck: width of the Linear-BatchNorm-ReLU layer after the backbone; 0 for none.
        dropout: dropped fraction in the backbone, in [0, 1).
        batch_norm: 'joint' (one pass over source and target together), 'separate' (a pass each,
            shared averages), 'domain' (a pass each, averages, scale and bias per domain) or
            'frozen' (a pretrained backbone normalises by the averages that came with its weights,
            which do not move; a bottleneck's batch norm is 'separate').
        convolution: 'auto', 'im2col', 'batched' or 'xla' (see `models.layers`).
        compute: 'float32' or 'bfloat16': the type in which the encoder multiplies and convolves.
            Parameters, gradients, batch-norm statistics, features, heads, discriminators and losses
            are float32 in both.
    """

    backbone: str
    input_shape: tuple[int, ...]
    heads: tuple[tuple[str, int], ...]
    hidden: tuple[int, ...] = ()
    head_hidden: tuple[int, ...] = ()
    bottleneck: int = 0
    dropout: float = 0.0
    batch_norm: str = "separate"
    convolution: str = "auto"
    compute: str = "float32"

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        if self.batch_norm not in BATCH_NORMS:
            raise InputError(
                f"batch_norm is {self.batch_norm!r}. Allowed: {', '.join(BATCH_NORMS)}"
            )
        if self.compute not in COMPUTE_TYPES:
            raise InputError(f"compute is {self.compute!r}. Allowed: {', '.join(COMPUTE_TYPES)}")
        if not 0.0 <= self.dropout < 1.0:
            raise InputError(f"dropout is {self.dropout}; it must lie in [0, 1)")
        if not self.heads or min(outputs for _, outputs in self.heads) < 1:
            raise InputError(f"heads are {self.heads}; give at least one (name, outputs >= 1)")
        for name, widths in (
            ("hidden", self.hidden),
            ("head_hidden", self.head_hidden),
            ("input_shape", self.input_shape),
        ):
            if min(widths, default=1) < 1:
                raise InputError(f"{name} is {widths}; each must be at least 1")
        if self.bottleneck < 0:
            raise InputError(f"bottleneck is {self.bottleneck}; give a width, or 0 for none")

    @property
    def input_size(self) -> int:
        """Number of values in one example."""
        return math.prod(self.input_shape)

    @property
    def num_classes(self) -> int:
        """Number of outputs of the first head."""
        return self.heads[0][1]

    @property
    def bn_domains(self) -> int:
        """Number of separate sets of batch-norm statistics."""
        return 2 if self.batch_norm == "domain" else 1
