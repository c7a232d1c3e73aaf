"""Recipes: functions from the stages of a method to other stages, which fit any method.

A recipe is named where a method is: `target_only+lp_ft` trains the method `target_only` by the
recipe `lp_ft`, and `target_only+pretrained+lp_ft` applies two, from left to right. `--recipe=lp_ft`
does it to every method of a command. A recipe of one's own is a function in a file:
`--recipe=path/to/file.py:function`. Each is given a tuple of `Stage` and returns one, and leaves
stages that are `kept` as they are. One with a second parameter `groups` is given the layers of the
task's network too, from the inputs to the heads (`models.layer_groups`); for a network of your own,
call it from a recipe of yours with groups of your paths.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from xferlab.core.checks import shown
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.core.paths import matching
from xferlab.core.settings import Setting
from xferlab.methods.base import Stage
from xferlab.methods.source_only import SourceOnly
from xferlab.models.adapters import LoRA
from xferlab.models.layer_groups import LayerGroups, layer_groups
from xferlab.models.spec import NetworkSpec

Stages = tuple[Stage, ...]
Change = Callable[..., Stages]
"""What a recipe does to stages: a function of them, or of them and `groups` of layers."""
ENCODERS = "{encoder,target_encoder}/**"
"""What 'the encoder' is to a recipe: that of a target with inputs of its own, too."""
FROZEN_ENCODER = ((ENCODERS, 0.0), ("**", 1.0))


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

    def on(self, network: NetworkSpec) -> Recipe:
        """Returns the recipe with the layers of a network, for changes that ask for them.

        Raises:
            InputError: one asks, and the order of the network's layers is not known.
        """
        return self._replace(changes=tuple((name, _bound(c, network)) for name, c in self.changes))


def _bound(change: Change, network: NetworkSpec) -> Change:
    asked = inspect.signature(change).parameters.get("groups")
    if asked is None or asked.default is not asked.empty:
        return change
    return functools.wraps(change)(functools.partial(change, groups=layer_groups(network)))


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
    adapter = LoRA(rank=2, paths=(ENCODERS,))
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


def gradual_unfreezing(stages: Stages, groups: LayerGroups) -> Stages:
    """For half of the steps one more layer is trained every stage, from the heads on; then all.

        (s_1, ..., s_n)  →  (s_1 with the last layer, 1/(2(L-1))), (s_1 with the last two, ...),
                            ..., (s_1, q_1 / 2), ..., (s_n, q_n / 2)

    L is the number of groups of layers, q_i are the fractions of the stages. With two groups, an
    encoder and heads, it is `lp_ft`.

    References:
        Howard, Ruder: Universal Language Model Fine-tuning for Text Classification. ACL 2018,
        arXiv:1801.06146 (howard2018ulmfit).

    Differences from the paper: a layer is unfrozen after a share of the steps, not after an epoch;
    the rate's schedule begins anew in every stage, where the paper's is slanted triangular and of
    the whole; the rates of layers differ only with `layer_decay`.
    """
    kept, own = _divided(stages)
    groups = _checked("gradual_unfreezing", groups)
    halves = [stage._replace(fraction=stage.fraction / 2) for stage in own]
    share = 0.5 / (len(groups) - 1)
    first: list[Stage] = []
    for frozen in range(len(groups) - 1, 0, -1):
        factors = [float(number >= frozen) for number in range(len(groups))]
        first.append(_scaled(own[0]._replace(fraction=share), groups, factors))
    opening, *later = (*first, *halves)
    later[: len(first)] = [stage._replace(fresh=()) for stage in later[: len(first)]]
    return (*kept, opening, *later)


def layer_decay(stages: Stages, groups: LayerGroups, decay: float = 1 / 2.6) -> Stages:
    """The learning rate shrinks from layer to layer, by 2.6 from the heads to the inputs.

        (s_1, ..., s_n)  →  (s_1 with rates · decay^depth, ..., s_n with rates · decay^depth)

    The heads have depth 0, the layer before them 1, and so on. Rates that a stage has already are
    multiplied, so `gradual_unfreezing+layer_decay` is the paper's pair; those of the suite's
    training options are replaced, as by any rates of a stage.

    References:
        Howard, Ruder: Universal Language Model Fine-tuning for Text Classification. ACL 2018,
        arXiv:1801.06146 (howard2018ulmfit), section 3.2.
    """
    if isinstance(decay, bool) or not isinstance(decay, int | float) or not 0.0 < decay <= 1.0:
        raise InputError(f"decay of layer_decay is {shown(decay)}; give a number in (0, 1]")
    kept, own = _divided(stages)
    groups = _checked("layer_decay", groups)
    factors = [decay**depth for depth in range(len(groups) - 1, -1, -1)]
    return (*kept, *(_scaled(stage, groups, factors) for stage in own))


def _checked(recipe: str, groups: Any) -> LayerGroups:
    """Returns groups as tuples of patterns. Raises InputError for what is none of two or more."""
    several = groups if isinstance(groups, tuple | list) else ()
    made = tuple((group,) if isinstance(group, str) else group for group in several)
    if len(made) < 2 or not all(
        isinstance(group, tuple | list) and group and all(isinstance(p, str) and p for p in group)
        for group in made
    ):
        raise InputError(
            f"groups of {recipe} are {shown(groups)}; give two or more, each a pattern or several,"
            " from the inputs to the heads, such as (('encoder/**',), ('heads/**',))"
        )
    return tuple(map(tuple, made))


def _scaled(stage: Stage, groups: LayerGroups, factors: Sequence[float]) -> Stage:
    """Returns a stage whose rates are multiplied by a factor for each group.

    Rules that cover a whole group give its rate; rules of a part of it come first, as they are.
    """
    if stage.adapter:
        raise InputError(
            "rates of layers do not reach the factors of an adapter, by which a stage trains these"
            " layers. Leave out gradual_unfreezing and layer_decay, or the recipe with the adapter"
        )
    rules = stage.rates or (("**", 1.0),)
    own, covering = [], set()
    for group, factor in zip(groups, factors, strict=True):
        for pattern in group:
            rule = next((rule for rule in rules if matching(rule[0], [pattern])), None)
            if rule is None:
                raise InputError(
                    f"the rates {rules} of a stage have no rule for all of {pattern!r}, so a recipe"
                    " cannot multiply it. Add a last rule ('**', 1.0)"
                )
            covering.add(rule)
            own.append((pattern, factor * rule[1]))
    parts = [rule for rule in rules if rule not in covering and rule[0] != "**"]
    rest = [rule for rule in rules if rule[0] == "**"]
    return stage._replace(rates=(*parts, *own, *rest))


def pretrained(stages: Stages) -> Stages:
    """The network is first trained on the labelled source alone, once for all runs; new heads.

        (s_1, ..., s_n)  →  (source_only, 1, kept), (s_1 with new heads, q_1), s_2, ..., s_n

    The kept stage takes as many steps as the run, in addition, and sees nothing of the target, so
    that all targets and methods with one source begin with the same network of a seed. The heads
    begin anew, as for another task than that of the source.
    """
    kept, own = _divided(stages)
    first = own[0]._replace(fresh=tuple(dict.fromkeys((*own[0].fresh, "heads"))))
    source = Stage(SourceOnly(), 1.0, Setting.DOMAIN_GENERALISATION, kept=True)
    return (*kept, source, first, *own[1:])


def source_kept(stages: Stages) -> Stages:
    """The first stage, which learns from the source alone, is trained once for all runs.

        (s_1, ..., s_n)  →  (s_1, 1, kept, of the source alone), (s_2, q_2 / (1 - q_1)), ...

    What is adapted without its source (`shot`, `tent`) then begins with a source model that is
    found again by every run with the same source and seed. The kept stage takes as many steps as
    the run, in addition.

    Raises:
        InputError: a method of one stage, or one whose first stage needs more than the source.
    """
    kept, own = _divided(stages)
    first, *later = own
    if not later or not first.method.needs.within(Setting.DOMAIN_GENERALISATION):
        raise InputError(
            f"source_kept keeps a first stage that learns from the source alone, and"
            f" {type(first.method).__name__} "
            + ("is the only stage" if not later else f"needs {first.method.needs.label}")
            + ". Choose a method that adapts a source model, such as shot, tent, ada_bn or adda"
        )
    source = first._replace(fraction=1.0, setting=Setting.DOMAIN_GENERALISATION, kept=True)
    rest = math.fsum(stage.fraction for stage in later)
    return (*kept, source, *(s._replace(fraction=s.fraction / rest) for s in later))


def _divided(stages: Stages) -> tuple[Stages, Stages]:
    """Returns the kept stages, and the others."""
    kept = tuple(stage for stage in stages if stage.kept)
    return kept, tuple(stage for stage in stages if not stage.kept)


RECIPES: NameTable[Change] = NameTable(
    "recipe",
    {
        "linear_probe": linear_probe,
        "lora": lora,
        "lp_ft": lp_ft,
        "gradual_unfreezing": gradual_unfreezing,
        "layer_decay": layer_decay,
        "pretrained": pretrained,
        "source_kept": source_kept,
    },
)
REFERENCES = {
    "lora": "hu2022lora",
    "lp_ft": "kumar2022lpft",
    "gradual_unfreezing": "howard2018ulmfit",
    "layer_decay": "howard2018ulmfit",
}
"""Keys of the recipes' papers in references.bib."""
