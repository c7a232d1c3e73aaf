"""xferlab: transfer learning and domain adaptation on JAX, from data to an honest table."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.benchmark.compare import compare
    from xferlab.benchmark.train import train
    from xferlab.benchmark.trained.run import TrainedRun, load_run
    from xferlab.core.errors import InputError
    from xferlab.core.heads import Head
    from xferlab.core.inputs import Modalities
    from xferlab.core.settings import Setting
    from xferlab.data.domain import Domain
    from xferlab.data.readers.arrays import domain_from_arrays
    from xferlab.data.readers.folders import domain_from_folder
    from xferlab.data.readers.tables import domain_from_table
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
    "TrainedRun",
    "TrainingOptions",
    "TransferTask",
    "compare",
    "domain_from_arrays",
    "domain_from_folder",
    "domain_from_table",
    "load_run",
    "method",
    "train",
]
