"""Scores of finished runs: metrics, validators, statistics over seeds. No jax here."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.evaluation.episodes import episode_accuracies, episode_interval
    from xferlab.evaluation.metrics import (
        accuracy,
        all_metrics,
        class_mean_accuracy,
        confusion_matrix,
        macro_f1,
    )
    from xferlab.evaluation.statistics import (
        Interval,
        PairedTest,
        holm,
        intervals_separated,
        mean_interval,
        paired_test,
    )
    from xferlab.evaluation.validators.table import VALIDATORS
    from xferlab.evaluation.views import LabelledOutputs, OracleView, Outputs, ValidationView

__all__ = [
    "VALIDATORS",
    "Interval",
    "LabelledOutputs",
    "OracleView",
    "Outputs",
    "PairedTest",
    "ValidationView",
    "accuracy",
    "all_metrics",
    "class_mean_accuracy",
    "confusion_matrix",
    "episode_accuracies",
    "episode_interval",
    "holm",
    "intervals_separated",
    "macro_f1",
    "mean_interval",
    "paired_test",
]
