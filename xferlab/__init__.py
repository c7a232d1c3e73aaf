"""xferlab: transfer learning and domain adaptation on JAX, from data to an honest table."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.benchmark.compare import compare
    from xferlab.core.errors import InputError
    from xferlab.core.heads import Head
    from xferlab.core.inputs import Modalities
    from xferlab.core.settings import Setting
    from xferlab.data.domain import Domain
    from xferlab.data.readers.arrays import domain_from_arrays
    from xferlab.data.task import TransferTask
    from xferlab.methods.base import Method, Term, method
    from xferlab.models.spec import NetworkSpec
    from xferlab.training.options import TrainingOptions

__all__ = [
    "Domain",
    "Head",
    "InputError",
    "Method",
    "Modalities",
    "NetworkSpec",
    "Setting",
    "Term",
    "TrainingOptions",
    "TransferTask",
    "compare",
    "domain_from_arrays",
    "method",
]
