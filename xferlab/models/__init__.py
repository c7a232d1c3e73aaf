"""Models: backbones, layers, discriminators, and the networks of a run."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.models.adapters import LoRA
    from xferlab.models.backbones import BACKBONES
    from xferlab.models.nets import SOURCE_ROW, TARGET_ROW, Nets, Output
    from xferlab.models.networks import Discriminator, Encoder, Perceptron
    from xferlab.models.spec import NetworkSpec

__all__ = [
    "BACKBONES",
    "SOURCE_ROW",
    "TARGET_ROW",
    "Discriminator",
    "Encoder",
    "LoRA",
    "Nets",
    "NetworkSpec",
    "Output",
    "Perceptron",
]
