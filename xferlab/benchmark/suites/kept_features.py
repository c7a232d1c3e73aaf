"""Features of a network trained before the runs of a suite, in a kept run, as their inputs."""

from __future__ import annotations

import dataclasses

from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.methods.base import Stage
from xferlab.methods.source_only import SourceOnly
from xferlab.models.spec import NetworkSpec
from xferlab.training.options import TrainingOptions


@dataclasses.dataclass(frozen=True, kw_only=True)
class KeptFeatures:
    """The network whose features are the inputs of all runs on a task.

    It is trained when the suite runs, once for each source, and kept (`runs.kept`): its run sees
    nothing of the target, so that the features are no secret way to target labels.

    Attributes:
        network: reads the task's inputs; its features are those before the heads.
        training: its budget and optimiser, whatever those of the runs are.
        stages: what is trained, in order; all of them kept, each with a setting of the source
            alone. The features are those that the last one's method predicts for the source.
        seed: of the key of initialisation and batches, as it is; the seeds of the runs share it.

    Raises:
        InputError: no stage; one that is not kept, or whose setting shows more than the source; a
            network with another encoder for the target.
    """

    network: NetworkSpec
    training: TrainingOptions
    stages: tuple[Stage, ...] = (
        Stage(SourceOnly(), setting=Setting.DOMAIN_GENERALISATION, kept=True),
    )
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks the stages and the network."""
        if not self.stages:
            raise InputError("KeptFeatures have no stage; give at least one, or leave stages out")
        for number, stage in enumerate(self.stages, 1):
            setting = stage.setting
            if stage.kept and setting and setting.within(Setting.DOMAIN_GENERALISATION):
                continue
            raise InputError(
                f"stage {number} of KeptFeatures ({type(stage.method).__name__}) has"
                f" kept={stage.kept} and setting {setting and setting.label!r}. Give"
                " Stage(..., setting=Setting.DOMAIN_GENERALISATION, kept=True): a kept stage that"
                " sees the source and nothing of the target"
            )
        if self.network.target_inputs:
            raise InputError(
                f"the network of KeptFeatures has target_inputs {self.network.target_inputs}; it"
                " sees the source alone, and reads both domains. Leave them out"
            )
