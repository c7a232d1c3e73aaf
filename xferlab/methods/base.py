"""The method contract: what every adaptation method says about itself, and nothing else.

A method is a frozen dataclass decorated with `method`; fields with a float default can be swept
and traced, all others are structure. Every member below is pure. The simple case overrides `loss`
alone.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Key

from xferlab.core.batch import Episodes, Labelled
from xferlab.core.inputs import Inputs
from xferlab.core.pytrees import number, pytree_dataclass, static
from xferlab.core.roles import TARGET, Role
from xferlab.core.settings import Setting
from xferlab.losses.prototypes import prototype_logits
from xferlab.models.adapters import LoRA
from xferlab.models.nets import Nets, Output, Params
from xferlab.models.spec import NetworkSpec

__all__ = [
    "Context", "Method", "Phase", "Stage", "Term", "WholeTarget", "method", "number", "static",
]  # fmt: skip

method = pytree_dataclass
"""Decorator for method classes: `@method class MyLoss(Method): ...`."""


class Term(NamedTuple):
    """One named part of a loss: an unweighted scalar, which is logged, and its weight."""

    value: Float[Array, ""]
    weight: Float[Array, ""] | float = 1.0


Terms = Mapping[str, Term]


class Context(NamedTuple):
    """What a loss may know beside networks and batch."""

    key: Key[Array, ""]
    """A key of this step and phase."""
    step: Int[Array, ""]
    """Steps done in this stage."""
    progress: Float[Array, ""]
    """Fraction of this stage that is done, in [0, 1)."""
    state: Any
    """The method's own state (`init_state`)."""
    augment: Callable[[Key[Array, ""], Inputs], Inputs]
    """The suite's augmentation: a random view of inputs `[n, ...]`, of each modality."""
    batch: Any = None
    """The step's batch, as the stage's setting shows it: what `after_update` has of it."""


class Phase(NamedTuple):
    """One update within a step: a loss and the parameter groups that it trains."""

    name: str
    loss: Callable[[Nets, Any, Context], Terms]
    trains: tuple[str, ...] | None = None
    """Parameter groups ('encoder', 'heads', extra networks); None trains all, () none. Where the
    target has an encoder of its own, 'encoder' is both."""
    repeats: int = 1


class Stage(NamedTuple):
    """One part of a run: what is optimised, for which share of the steps, seeing what."""

    method: Method
    fraction: float = 1.0
    setting: Setting | None = None
    """None: the task's setting; what the method needs where that is online."""
    fresh: tuple[str, ...] = ()
    """Networks that begin anew although the stage before has some of the same name."""
    rates: tuple[tuple[str, float], ...] = ()
    """Learning-rate multipliers by parameter path, in place of the training options' `lr_rules`:
    `(("encoder/**", 0.1), ("**", 1.0))`, first match wins, 0 freezes. () keeps those. See
    `core.paths.resolve_rules` for patterns; `encoder/**@scale` is of norm layers."""
    options: tuple[tuple[str, float], ...] = ()
    """Values of `lr` and `weight_decay` for this stage: `(("lr", 1e-3),)`."""
    kept: bool = False
    """Whether the stage is trained before the run and shared by all runs that begin with the same.
    Kept stages come first; their fractions are of the run's steps, and come on top of them."""
    adapter: LoRA | None = None
    """What trains kernels in their place: its factors, which rules call 'adapter/encoder/...'. The
    stage behind begins with the effective weights, and with an adapter of its own if it has one."""
    sampler: str | Episodes = "shuffled"
    """How batches are drawn: 'shuffled', 'in_order' (example p mod n at position p), 'per_class'
    (each class equally often in a batch, of roles whose labels are seen), 'per_domain' (each of
    several domains equally often), or `Episodes(ways)`: a few classes in each batch, as many
    examples of each. A stage that sees the target of an online task has 'in_order'; its last batch
    may begin the stream again, which is trained on and not scored."""


class WholeTarget(NamedTuple):
    """The visible target training split, padded: what `refresh` works on."""

    outputs: Output
    """What the method itself predicts (`Method.predict`)."""
    mask: Float[Array, " n"]
    """1 for examples, 0 for padding."""


class Method(abc.ABC):
    """Base of all methods. See the members for what each may decide."""

    needs: ClassVar[Setting] = Setting.UNSUPERVISED_DA
    """The least that a task must show for the method to run, which is given all that it shows."""
    reference: ClassVar[str] = ""
    """Key of the paper in references.bib."""
    one_encoder: ClassVar[bool] = False
    """Whether the method cannot do with an encoder for each domain (`Setting.own_inputs`)."""
    refreshes: ClassVar[int] = 0
    """How often, in a stage, `refresh` is called; the first time before the first step."""

    def stages(self) -> tuple[Stage, ...]:
        """Returns the recipe: stages whose fractions, without kept ones, add up to one.

        A stage begins with the weights and statistics of every network (encoder, heads, extra
        networks) that the stage before has by the same name, unless it is `fresh`; others are
        drawn. Each stage takes at least one step. Recipes that fit any method are functions from
        stages to stages (`methods.recipes`).
        """
        return (Stage(self),)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns networks of the method's own, each a parameter group of that name."""
        return {}

    def phases(self) -> tuple[Phase, ...]:
        """Returns the updates of one step, in order; the structure must not depend on leaves."""
        return (Phase("train", self.loss),)

    @abc.abstractmethod
    def loss(self, nets: Nets, batch: Any, ctx: Context) -> Terms:
        """Returns the named, unweighted terms of the (last) phase's loss with their weights.

        Args:
            nets: the networks, merged for this update.
            batch: what the stage's setting shows of each role, such as an `AdaptationBatch`.
            ctx: key, step, progress, state and augmentation.
        """

    def init_state(self, params: Params, statistics: Params, target_size: int) -> Any:
        """Returns the method's state before a stage's first step, a pytree of arrays."""
        return ()

    def after_update(self, state: Any, nets: Nets, ctx: Context) -> Any:
        """Returns the state after a step; `nets` holds the updated weights."""
        return state

    def refresh(self, state: Any, nets: Nets, target: WholeTarget) -> Any:
        """Returns the state renewed from the network's view of the whole target split.

        What it puts into variables of a network (`models.networks.Kept`) stays too.
        """
        return state

    per_term_gradients: ClassVar[bool] = False
    """Whether `combine_gradients` is asked; it costs one backward pass for each term."""

    def combine_gradients(self, gradients: Mapping[str, Params], ctx: Context) -> Params:
        """Returns one gradient from those of the weighted terms by name; their sum by default.

        Each has every parameter group that the phase trains; `ctx` is what the loss was given.
        """
        return jax.tree.map(lambda *parts: sum(parts), *gradients.values())

    def predict(self, nets: Nets, inputs: Inputs, state: Any, *, role: Role) -> Output:
        """Returns features and logits used for evaluation, by default the network's own.

        `role` says whose inputs they are; it is static, so there is a program for each role.
        """
        return nets.apply(inputs, role=role)

    def predict_episode(
        self, nets: Nets, support: Labelled, queries: Inputs, state: Any, *, ways: int
    ) -> Output:
        """Returns features of an episode's queries, and logits [q, ways] that tell its classes.

        By default the nearest mean of the support's classes in the features of `predict`, by
        squared Euclidean distance: any method answers an episode, whatever its heads were trained
        for.

        Args:
            nets: the networks, not in training; gradients may be taken through `with_weights`.
            support: labelled examples of the episode, class after class, equally many of each.
            queries: inputs of all its queries, in random order.
            state: the method's own.
            ways: the number of its classes, static; labels of the support lie in [0, ways).
        """
        known, asked = (
            self.predict(nets, inputs, state, role=TARGET) for inputs in (support.inputs, queries)
        )
        logits = prototype_logits(known.features, support.labels, asked.features, ways=ways)
        return Output(asked.features, logits)


def identity_view(key: Key[Array, ""], inputs: Array) -> Array:
    """Returns the inputs as they are: the augmentation of suites that have none."""
    del key
    return inputs


def without_outputs(output: Output) -> Output:
    """Returns the features with zeros for all outputs: heads that nobody trains say nothing."""
    logits, *others = (jnp.zeros_like(own) for own in output.heads)
    return Output(output.features, logits, tuple(others))


def sum_terms(terms: Terms) -> Float[Array, ""]:
    """Returns the weighted sum: the quantity that a phase minimises."""
    return jax.tree.reduce(jax.numpy.add, [term.weight * term.value for term in terms.values()])
