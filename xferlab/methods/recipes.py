"""Recipes: functions from the stages of a method to other stages, which fit any method.

A recipe is named where a method is: `target_only+lp_ft` trains the method `target_only` by the
recipe `lp_ft`, and `target_only+pretrained+lp_ft` applies two, from left to right. `--recipe=lp_ft`
does it to every method of a command. A recipe of one's own is a function in a file:
`--recipe=path/to/file.py:function`. Each is given a tuple of `Stage` and returns one, and leaves
stages that are `kept` as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from xferlab.core.names import NameTable
from xferlab.core.settings import Setting, View
from xferlab.methods.base import Stage
from xferlab.methods.source_only import SourceOnly
from xferlab.models.adapters import LoRA

Stages = tuple[Stage, ...]
Change = Callable[[Stages], Stages]
"""What a recipe does to stages."""
FROZEN_ENCODER = (("encoder/**", 0.0), ("**", 1.0))


class Recipe(NamedTuple):
    """Changes of a method's stages, in the order in which they are made.

    Attributes:
        changes: `(name, function)` of each.
        source: digest of the code of those functions.
    """

    changes: tuple[tuple[str, Change], ...] = ()
    source: str = ""

    def label(self, method: str) -> str:
        """Returns what tables call a method that is trained by the recipe."""
        return "+".join((method, *(name for name, _ in self.changes)))


NO_RECIPE = Recipe()


def linear_probe(stages: Stages) -> Stages:
    """The encoder is frozen in every stage: a method trains heads and its own networks alone.

        (s_1, ..., s_n)  →  (s_1 with f frozen, ..., s_n with f frozen)

    Features are those of the pre-trained network: batch norm keeps its averages, dropout is off.
    """
    kept, own = _divided(stages)
    return (*kept, *(stage._replace(rates=FROZEN_ENCODER) for stage in own))


def lora(stages: Stages) -> Stages:
    """Every kernel of the encoder moves by a matrix of rank 2 alone: low-rank adaptation (LoRA).

        (s_1, ..., s_n)  →  (s_1 with an adapter of f, ..., s_n with an adapter of f)

    The rest of the encoder is frozen: biases, and norms with their averages; its dropout is on.
    Heads and a method's own networks are trained as they are. Rank 2 fits every network of the
    package; in the paper's table 6 ranks from 1 to 64 do about equally well. Another rank, or
    other layers, take a recipe of one's own, which gives its stages `adapter=LoRA(rank=8)`.

    References:
        Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen: LoRA: Low-Rank Adaptation of Large
        Language Models. ICLR 2022, arXiv:2106.09685 (hu2022lora).

    Differences from the paper: it adapts the projections of attention alone; here all kernels of
    the encoder, convolutions too, are adapted.
    """
    kept, own = _divided(stages)
    adapter = LoRA(rank=2, paths=("encoder/**",))
    return (*kept, *(stage._replace(rates=FROZEN_ENCODER, adapter=adapter) for stage in own))


def lp_ft(stages: Stages) -> Stages:
    """Half of the steps the first stage as a linear probe, then all stages as they are.

        (s_1, ..., s_n)  →  (s_1 with f frozen, 1/2), (s_1, q_1 / 2), ..., (s_n, q_n / 2)

    q_i are the fractions of the stages. A head that fits the pre-trained features first keeps
    fine-tuning from distorting them while it learns the head. The second stage goes on from the
    first one's head; a method's own state begins anew, and the schedule of the learning rate too.

    References:
        Kumar, Raghunathan, Jones, Ma, Liang: Fine-Tuning can Distort Pretrained Features and
        Underperform Out-of-Distribution. ICLR 2022, arXiv:2202.10054 (kumar2022lpft).

    Differences from the authors' code (AnanyaKumar/transfer_learning, unlabeled_extrapolation/
    log_reg_sk.py and baseline_train.py): the probe there is scikit-learn's logistic regression on
    stored features, the best of 100 penalties on validation data, and costs none of the
    fine-tuning's epochs; here it is trained by the suite's optimiser and takes half of the steps.
    Fine-tuning there is the best of six learning rates, in one of two modes of batch norm; here it
    has the suite's options.
    """
    kept, own = _divided(stages)
    probe = own[0]._replace(fraction=0.5, rates=FROZEN_ENCODER)
    halves = [stage._replace(fraction=stage.fraction / 2) for stage in own]
    halves[0] = halves[0]._replace(fresh=())
    return (*kept, probe, *halves)


def pretrained(stages: Stages) -> Stages:
    """The network is first trained on the labelled source alone, once for all runs; new heads.

        (s_1, ..., s_n)  →  (source_only, 1, kept), (s_1 with new heads, q_1), s_2, ..., s_n

    The kept stage takes as many steps as the run, in addition, and sees nothing of the target, so
    that all targets and methods with one source begin with the same network of a seed. The heads
    begin anew, as for another task than that of the source.
    """
    kept, own = _divided(stages)
    source = Setting("source_alone", source=View.LABELS)
    first = own[0]._replace(fresh=tuple(dict.fromkeys((*own[0].fresh, "heads"))))
    return (*kept, Stage(SourceOnly(), 1.0, source, kept=True), first, *own[1:])


def _divided(stages: Stages) -> tuple[Stages, Stages]:
    """Returns the kept stages, and the others."""
    kept = tuple(stage for stage in stages if stage.kept)
    return kept, tuple(stage for stage in stages if not stage.kept)


RECIPES: NameTable[Change] = NameTable(
    "recipe",
    {"linear_probe": linear_probe, "lora": lora, "lp_ft": lp_ft, "pretrained": pretrained},
)
REFERENCES = {"lora": "hu2022lora", "lp_ft": "kumar2022lpft"}
"""Keys of the recipes' papers in references.bib."""
