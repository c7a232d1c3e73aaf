"""What each update of a method looks at: the paper's order of updates, part by part.

NaN in one domain's inputs reaches the terms and the batch-norm averages of every update that looks
at that domain, and of no other.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.methods.toys import make_spec
from xferlab.core.batch import Batch, Labelled, Unlabelled
from xferlab.core.heads import Labels
from xferlab.core.settings import View
from xferlab.methods.base import Context, identity_view
from xferlab.methods.table import METHODS
from xferlab.models.nets import Blueprint, Nets

pytestmark = pytest.mark.fast

BOTH = {"source", "target"}
SEES = {
    "source_only": {"train": {"source"}},
    "ada_bn": {"measure": {"target"}},
    "dan": {"train": BOTH},
    "jan": {"train": BOTH},
    "deep_coral": {"train": BOTH},
    "dann": {"train": BOTH},
    "cdan": {"train": BOTH},
    "cdan_e": {"train": BOTH},
    "adda": {"discriminator": BOTH, "encoder": {"target"}},
    "wdgrl": {"critic": BOTH, "train": BOTH},
    "mcd": {"source": {"source"}, "classifiers": BOTH, "encoder": {"target"}},
    "mcc": {"train": BOTH},
    "bnm": {"train": BOTH},
    "self_ensembling": {"train": BOTH},
    "mme": {"train": BOTH},
    "group_dro": {"train": {"source"}},
    "m3sda": {"train": BOTH},
    "pada": {"train": BOTH},
    "osbp": {"train": BOTH},
    "shot": {"train": {"target"}},
    "tent": {"train": {"target"}},
    "uncertainty_weighting": {"train": {"source"}},
    "pcgrad": {"train": {"source"}},
    "untrained": {"rest": set()},
    "simclr": {"train": BOTH},
    "target_only": {"train": {"target"}},
}
CASES = [
    (name, phase.name, domain)
    for name, method in METHODS.items()
    for phase in method.phases()
    for domain in sorted(BOTH)
    if not (name in ("shot", "tent", "target_only") and domain == "source")
]


def make_batch(name: str, spoilt: str) -> Batch:
    rng = np.random.default_rng(0)
    inputs = {
        domain: jnp.full((6, 4), np.nan)
        if domain == spoilt
        else jnp.asarray(rng.normal(size=(6, 4)), jnp.float32)
        for domain in BOTH
    }
    labels = jnp.arange(6) % 3
    source = Labelled.of(inputs["source"], labels)
    target = Unlabelled.of(inputs["target"])
    if METHODS[name].needs.target is View.LABELS:
        target = Labelled(*target, (Labels(labels),))
    return Batch(None if name in ("shot", "tent") else source, target)


@pytest.mark.parametrize("batch_norm", ["joint", "separate", "domain"])
@pytest.mark.parametrize(("name", "phase_name", "spoilt"), CASES)
def test_an_update_sees_what_the_paper_shows_it(name, phase_name, spoilt, batch_norm):
    method = METHODS[name]
    (phase,) = (phase for phase in method.phases() if phase.name == phase_name)
    blueprint = Blueprint.of(make_spec(batch_norm=batch_norm), method.extra_networks)
    params, statistics = blueprint.init(method.extra_networks, jax.random.key(0))
    nets = Nets(blueprint, params, statistics, train=True, key=jax.random.key(1))
    state = method.init_state(params, statistics, 6)
    ctx = Context(jax.random.key(2), jnp.int32(1), jnp.float32(0.5), state, identity_view)
    terms = phase.loss(nets, make_batch(name, spoilt), ctx)
    values = [term.value for term in terms.values()] + jax.tree.leaves(nets.statistics())
    spoilt_any = not all(bool(jnp.isfinite(value).all()) for value in values)
    assert spoilt_any == (spoilt in SEES[name][phase_name])
