"""Losses: pure functions on arrays. One file per algorithm; weighting happens in methods."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.losses.adversarial import domain_loss, generator_loss, gradient_reversal
    from xferlab.losses.class_confusion import class_confusion_loss
    from xferlab.losses.classification import (
        cross_entropy,
        label_cross_entropy,
        soft_cross_entropy,
    )
    from xferlab.losses.conditional import entropy_weights, multilinear, random_multilinear
    from xferlab.losses.consistency import class_balance_loss, consistency_loss
    from xferlab.losses.contrastive import nt_xent
    from xferlab.losses.coral import coral_loss
    from xferlab.losses.discrepancy import classifier_discrepancy
    from xferlab.losses.information import diversity, entropy, information_maximisation
    from xferlab.losses.jmmd import jmmd_loss
    from xferlab.losses.mmd import gaussian_kernel, mmd_loss
    from xferlab.losses.moments import moment_distance
    from xferlab.losses.nuclear_norm import nuclear_norm_loss
    from xferlab.losses.open_set import unknown_boundary_loss
    from xferlab.losses.prototypes import prototype_logits
    from xferlab.losses.regression import squared_error
    from xferlab.losses.robust import domain_means, exponentiated_weights
    from xferlab.losses.wasserstein import gradient_penalty, interpolate, wasserstein_gap

__all__ = [
    "class_balance_loss",
    "class_confusion_loss",
    "classifier_discrepancy",
    "consistency_loss",
    "coral_loss",
    "cross_entropy",
    "diversity",
    "domain_loss",
    "domain_means",
    "entropy",
    "entropy_weights",
    "exponentiated_weights",
    "gaussian_kernel",
    "generator_loss",
    "gradient_penalty",
    "gradient_reversal",
    "information_maximisation",
    "interpolate",
    "jmmd_loss",
    "label_cross_entropy",
    "mmd_loss",
    "moment_distance",
    "multilinear",
    "nt_xent",
    "nuclear_norm_loss",
    "prototype_logits",
    "random_multilinear",
    "soft_cross_entropy",
    "squared_error",
    "unknown_boundary_loss",
    "wasserstein_gap",
]
