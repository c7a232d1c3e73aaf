"""MCD: two classifiers disagree on the target; the encoder removes the disagreement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from flax import nnx
from jaxtyping import Array

from xferlab.core.batch import AdaptationBatch
from xferlab.core.roles import SOURCE, TARGET, Role
from xferlab.losses.discrepancy import classifier_discrepancy
from xferlab.methods.base import Context, Method, Phase, Term, Terms, method, static
from xferlab.methods.supervised import head_terms, labelled_parts
from xferlab.models.nets import Nets, Output
from xferlab.models.networks import make_head
from xferlab.models.spec import NetworkSpec


@method
class MCD(Method):
    """Maximum classifier discrepancy: three updates on each batch.

        A:  min_{f, h1, h2}  CE(h1(f(x_s)), y_s) + CE(h2(f(x_s)), y_s)
        B:  min_{h1, h2}     CE(h1(f(x_s)), y_s) + CE(h2(f(x_s)), y_s) - d(x_t)
        C:  min_f            d(x_t), `encoder_updates` times
        d = mean |softmax(h1(f(x_t))) - softmax(h2(f(x_t)))|

    A sees the source alone, C the target alone.

    Attributes:
        encoder_updates: repeats of C; 4 by default in the authors' code for digits.

    References:
        Saito, Watanabe, Ushiku, Harada: Maximum Classifier Discrepancy for Unsupervised Domain
        Adaptation. CVPR 2018, arXiv:1712.02560, eq. 4-9.

    Differences from the paper: the classifiers are the suite's heads, linear in most suites (the
    paper's have several layers).

    Differences from the authors' code (mil-tokyo/MCD_DA, classification/): with batch norm 'joint'
    B normalises both domains together, where the code has a pass for each. As there, every pass of
    the encoder moves the batch-norm averages, encoder and classifiers each keep one optimiser state
    over all three updates, and predictions are those of both heads' summed logits, the ensemble of
    the three predictions that it prints. Its code for VisDA differs: both domains in every update,
    and a class-balance term of weight 0.01.
    """

    reference: ClassVar[str] = "saito2018mcd"
    encoder_updates: int = static(default=4, least=1)

    def extra_networks(
        self, spec: NetworkSpec, features: int, rngs: nnx.Rngs
    ) -> Mapping[str, nnx.Module]:
        """Returns the second classifier."""
        return {"second_head": make_head(spec, features, spec.num_classes, rngs)}

    def phases(self) -> tuple[Phase, ...]:
        """Returns steps A, B and C."""
        classifiers = ("heads", "second_head")
        return (
            Phase("source", self.source_loss, trains=("encoder", *classifiers)),
            Phase("classifiers", self.classifier_loss, trains=classifiers),
            Phase("encoder", self.loss, trains=("encoder",), repeats=self.encoder_updates),
        )

    def source_loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns both classifiers' losses on the source (step A)."""
        source = nets.apply(batch.source.inputs, role=SOURCE)
        return _classification(nets, source, batch)

    def classifier_loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns both source losses and the negative discrepancy (step B)."""
        source, target = nets.forward(batch)
        discrepancy = Term(_discrepancy(nets, target), -1.0)
        return {**_classification(nets, source, batch), "discrepancy": discrepancy}

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the discrepancy (step C)."""
        target = nets.apply(batch.target.inputs, role=TARGET)
        return {"discrepancy": Term(_discrepancy(nets, target))}

    def predict(self, nets: Nets, inputs: Any, state: Any, *, role: Role) -> Output:
        """Returns the features and the mean of both heads' logits."""
        output = nets.apply(inputs, role=role)
        return output._replace(logits=(output.logits + _second(nets, output)) / 2)


def _classification(nets: Nets, source: Output, batch: AdaptationBatch) -> Terms:
    """Returns each classifier's cross entropy, and once the terms of the heads beside them."""
    labelled = labelled_parts(nets, source, batch)
    first = dict(head_terms(labelled, nets.heads))
    second = head_terms(labelled, nets.heads[:1], classify=lambda out: _second(nets, out))
    return {"first": first.pop("classification"), "second": second["classification"], **first}


def _second(nets: Nets, output: Output) -> Array:
    return nets["second_head"](output.features)


def _discrepancy(nets: Nets, target: Output) -> Array:
    return classifier_discrepancy(target.logits, _second(nets, target)).mean()
