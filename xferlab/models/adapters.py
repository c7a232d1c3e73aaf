"""Adapters: few parameters of their own by which a network moves while its kernels rest.

An adapter is a reparameterisation of the parameter tree. Its factors are parameter groups beside
those of the networks, and the effective weights are made of both just before a pass, so no module
knows of it: it fits every backbone, and a user's own `nnx.Module`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key

from xferlab.core.checks import shown, whole_number
from xferlab.core.errors import InputError
from xferlab.core.paths import matching, path_of
from xferlab.models.nets import Params

GROUP = "adapter"
"""The factors for network `encoder` are the parameter group 'adapter/encoder'."""
NO_KERNELS = ("scale", "bias")
"""What norms and layers call the parameters that are no kernel, whatever their shape."""


@dataclasses.dataclass(frozen=True)
class LoRA:
    """Low-rank adaptation: kernels rest, and a product of two thin matrices is added to each.

        W + scale · B A,   A ∈ R^{r × i} random, B ∈ R^{o × r} zero

    Kernels here are W^T, [i, o], so the factors are `a` [i, r] and `b` [r, o]. The kernel of a
    convolution [h, w, i, o] is taken as the matrix [h · w · i, o], and any other one by its last
    axis alike. The first step starts from the network as it is, because B is zero.

    Attributes:
        rank: r, from 1 to the smaller side of every kernel that is adapted.
        paths: patterns of parameters; the kernels among those that match, which are all with two
            axes or more but 'scale' and 'bias'.
        scale: α / r of the paper; finite and not 0.

    Raises:
        InputError: a rank, patterns or a scale outside of that.

    References:
        Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen: LoRA: Low-Rank Adaptation of Large
        Language Models. ICLR 2022, arXiv:2106.09685 (hu2022lora), equation 3.

    Differences from the authors' code (microsoft/LoRA, loralib): the entries of A are normal with
    variance 1 / i, as those of a kernel, where they are uniform in ±1/√i there; a convolution has
    two factors of rank r where loralib multiplies r by the kernel's width; there is no dropout
    before A.
    """

    rank: int
    paths: tuple[str, ...] = ("encoder/**",)
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Raises InputError for values outside their range."""
        whole_number("rank of LoRA", self.rank, least=1)
        paths = tuple(self.paths) if isinstance(self.paths, list | tuple) else ()
        if not paths or not all(isinstance(path, str) and path for path in paths):
            raise InputError(
                f"paths of LoRA are {shown(self.paths)}; give a tuple of patterns such as"
                " ('encoder/**',)"
            )
        object.__setattr__(self, "paths", paths)
        scale: Any = self.scale
        number = isinstance(scale, int | float) and not isinstance(scale, bool)
        if not number or not math.isfinite(scale) or scale == 0:
            raise InputError(
                f"scale of LoRA is {shown(scale)}; give a finite number other than 0, such as 1.0"
            )


def init_factors(adapter: LoRA, params: Params, key: Key[Array, ""]) -> Params:
    """Returns the parameter groups of an adapter, with B zero.

    Args:
        adapter: which kernels, by which rank.
        params: the networks' parameters, arrays or their shapes.
        key: of the random factors.

    Raises:
        InputError: a pattern that matches no parameter or no kernel, or a rank that is larger than
            a side of a kernel.
    """
    groups: Params = {}
    for number, (place, kernel) in enumerate(_adapted(adapter, params)):
        rows, columns = math.prod(kernel.shape[:-1]), kernel.shape[-1]
        a = jax.random.normal(jax.random.fold_in(key, number), (rows, adapter.rank), kernel.dtype)
        factors = {"a": a / math.sqrt(rows), "b": jnp.zeros((adapter.rank, columns), kernel.dtype)}
        group, *inner = place
        node, last = groups, f"{GROUP}/{group}"
        for name in inner:
            node, last = node.setdefault(last, {}), name
        node[last] = factors
    return groups


def effective(adapter: LoRA | None, params: Params) -> Params:
    """Returns the networks' parameters with the adapter's product in them, and no factors.

    Axes of stacked runs may lie before those of the kernels and factors.
    """
    if adapter is None:
        return params

    def merged(kernel: Any, factors: Any) -> Any:
        product = factors["a"] @ factors["b"]
        return kernel + adapter.scale * product.reshape(kernel.shape)

    return _with_factors(params, merged)


def freeze_kernels(multipliers: Params) -> tuple[Params, Params]:
    """Returns the learning-rate multipliers under an adapter, and of the effective weights.

    Args:
        multipliers: of every parameter, the adapter's factors among them.

    Returns:
        Those by which parameters are trained, 0 for adapted kernels, and those by which the
        networks' weights move: for adapted kernels the larger one of their factors.
    """
    trained = _with_factors(multipliers, lambda rate, factors: 0.0)
    moved = _with_factors(multipliers, lambda rate, factors: max(factors.values()))
    return trained | {g: own for g, own in multipliers.items() if _is_factors(g)}, moved


def with_factor_groups(groups: Iterable[str], params: Params) -> list[str]:
    """Returns parameter groups, and those of their factors where they have some."""
    both = [name for group in groups for name in (group, f"{GROUP}/{group}")]
    return [name for name in dict.fromkeys(both) if name in params]


def without_factors(groups: Iterable[str]) -> tuple[str, ...]:
    """Returns the names of parameter groups that are networks."""
    return tuple(group for group in groups if not _is_factors(group))


def _is_factors(group: str) -> bool:
    return group.startswith(f"{GROUP}/")


def _with_factors(tree: Params, change: Any) -> Params:
    """Returns the networks' part of a tree, changed where there are factors."""

    def walk(own: Any, factors: Any) -> Any:
        if not isinstance(own, dict):
            return change(own, factors)
        return {k: walk(v, factors[k]) if k in factors else v for k, v in own.items()}

    return {
        group: walk(own, tree[f"{GROUP}/{group}"]) if f"{GROUP}/{group}" in tree else own
        for group, own in tree.items()
        if not _is_factors(group)
    }


def _adapted(adapter: LoRA, params: Params) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yields place and value of the kernels that are adapted, in the order of the tree."""
    if GROUP in params:
        raise InputError(
            f"a network is called {GROUP!r}, as the parameters of an adapter are; rename it"
        )
    leaves = jax.tree_util.tree_leaves_with_path(params)
    values = {path_of(path): leaf for path, leaf in leaves}
    chosen: set[str] = set()
    for pattern in adapter.paths:
        found = matching(pattern, values)
        kernels = [path for path in found if _is_kernel(path, values[path])]
        if not kernels:
            raise InputError(_no_kernel(pattern, found, values))
        chosen |= set(kernels)
    for path, leaf in leaves:
        name = path_of(path)
        if name in chosen:
            _check_rank(adapter, name, leaf.shape)
            yield tuple(part.key for part in path), leaf  # type: ignore[attr-defined]


def _is_kernel(path: str, leaf: Any) -> bool:
    return len(leaf.shape) >= 2 and path.rpartition("/")[2] not in NO_KERNELS


def _no_kernel(pattern: str, found: list[str], values: dict[str, Any]) -> str:
    if not found:
        return f"path {pattern!r} of LoRA matches no parameter; the parameters are {list(values)}"
    listed = ", ".join(f"{path} {list(values[path].shape)}" for path in found[:5])
    return (
        f"path {pattern!r} of LoRA matches no kernel, only {listed}. A kernel has two axes or more"
        f" and is not called {' or '.join(NO_KERNELS)}; give paths of linear layers or convolutions"
    )


def _check_rank(adapter: LoRA, path: str, shape: tuple[int, ...]) -> None:
    rows, columns = math.prod(shape[:-1]), shape[-1]
    if adapter.rank > min(rows, columns):
        raise InputError(
            f"rank of LoRA is {adapter.rank}, but {path!r} {list(shape)} is a matrix of {rows} ×"
            f" {columns}; give a rank of at most {min(rows, columns)}, or paths without it"
        )
