"""Training: state, optimiser, step, loop, scan, checkpoint, sharding."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.training.checkpoint import Checkpoint
    from xferlab.training.options import TrainingOptions
    from xferlab.training.run import Member, StageCache, Training
    from xferlab.training.step import TrainState, train_step

__all__ = [
    "Checkpoint",
    "Member",
    "StageCache",
    "TrainState",
    "Training",
    "TrainingOptions",
    "train_step",
]
