"""Methods as users write them badly: each gets an error that names method, place and what to do."""

from __future__ import annotations

import math
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.methods.toys import make_options, make_spec, make_task, make_training
from xferlab.core.errors import InputError
from xferlab.data.feeds.resident import to_resident
from xferlab.losses.classification import cross_entropy
from xferlab.methods.base import Method, Phase, Stage, Term, method, number, static
from xferlab.methods.cdan import CDAN
from xferlab.methods.closed_form.jda import JDA
from xferlab.methods.closed_form.tca import TCA
from xferlab.methods.dann import DANN
from xferlab.methods.mcc import MCC
from xferlab.methods.mcd import MCD
from xferlab.methods.self_ensembling import SelfEnsembling
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.wdgrl import WDGRL
from xferlab.models.nets import Output
from xferlab.training.recipe import stages_of
from xferlab.training.scan import batch_at
from xferlab.training.stage import make_stage
from xferlab.training.step import train_step

HERE = Path(__file__).name
TASK = make_task(sizes=(40, 30))
SPEC = make_spec(hidden=(), bottleneck=0)
OPTIONS = make_options(steps=8, batch_sizes=(6, 5))
DATA = to_resident(TASK.training_arrays())


def good(nets, batch):
    logits = nets.apply(batch.source.inputs).logits
    return cross_entropy(logits, batch.source.labels).mean()


class Faulty(Method):
    """Does what a user would do who has not read the contract; a row replaces members."""

    def loss(self, nets, batch, ctx):
        return {"classification": Term(good(nets, batch))}


def faulty(**members):
    """A decorated class with members of a row in place of `Faulty`'s."""
    return method(type("Mine", (Faulty,), {"__module__": __name__, **members}))()


def trace(some_method):
    """Traces all that a run of it does; nothing is computed."""
    functions = make_stage(SPEC, Stage(some_method), OPTIONS, OPTIONS.steps)

    def whole(key):
        state = functions.init(some_method, OPTIONS, key, ({}, {}), 30)
        state = functions.refresh(state, some_method, DATA)
        batch = batch_at(state, OPTIONS, DATA)
        state, _ = train_step(functions.program, state, some_method, OPTIONS, batch)
        inputs = jnp.zeros((7, 4))
        return functions.predict(state, some_method, inputs, "target")

    return jax.eval_shape(whole, jax.random.key(0))


def test_the_good_one_passes():
    assert trace(faulty()).logits.shape == (7, 3)


def loss(make):
    return {"loss": lambda self, nets, batch, ctx: make(good(nets, batch))}


LOSSES = {
    "a bare array": (lambda v: v, r"an array float32\[\], not a dict of Term"),
    "a bare term": (lambda v: Term(v), r"Term\(value=.*not a dict of Term"),
    "nothing": (lambda v: None, "None, not a dict of Term"),
    "a float": (lambda v: 0.5, r"0\.5, not a dict of Term"),
    "a tuple": (lambda v: (v, v), "not a dict of Term"),
    "a list of terms": (lambda v: [Term(v)], "not a dict of Term"),
    "a text": (lambda v: "loss", "'loss', not a dict of Term"),
    "an empty dict": (lambda v: {}, "no terms, so there is nothing to minimise"),
    "arrays by name": (lambda v: {"c": v}, r"an array float32\[\] as 'c', not a Term"),
    "floats by name": (lambda v: {"c": 1.5}, r"1\.5 as 'c', not a Term"),
    "pairs by name": (lambda v: {"c": (v, 1.0)}, r"as 'c', not a Term"),
    "nothing by name": (lambda v: {"c": None}, "None as 'c', not a Term"),
    "int keys": (lambda v: {0: Term(v)}, "a term named 0; names are text"),
    "an empty name": (lambda v: {"": Term(v)}, "a term named ''; names are text"),
    "mixed keys": (lambda v: {"a": Term(v), None: Term(v)}, "a term named None"),
    "a vector": (lambda v: {"c": Term(v[None])}, r"shape \[1\].*no scalar, as the value of 'c'"),
    "per example": (lambda v: {"c": Term(jnp.zeros(6) + v)}, r"shape \[6\].*no scalar"),
    "complex": (lambda v: {"c": Term(v + 1j)}, "complex64 scalar.*as the value of 'c'"),
    "an int": (lambda v: {"c": Term(jnp.int32(3))}, "int32 scalar.*no real number"),
    "a Python int": (lambda v: {"c": Term(3)}, "int32 scalar.*no real number"),
    "a bool": (lambda v: {"c": Term(v > 0)}, "bool scalar.*no real number"),
    "a text as value": (lambda v: {"c": Term("0.5")}, "'0.5', which is no number, as the value"),
    "None as value": (lambda v: {"c": Term(None)}, "None, which is no number, as the value"),
    "a text as weight": (lambda v: {"c": Term(v, "1")}, "'1', which is no number, as the weight"),
    "None as weight": (lambda v: {"c": Term(v, None)}, "None, which is no number, as the weight"),
    "a vector as weight": (lambda v: {"c": Term(v, jnp.ones(2))}, r"\[2\].*as the weight of 'c'"),
    "a complex weight": (lambda v: {"c": Term(v, 1j)}, "complex64 scalar.*as the weight of 'c'"),
    "a bool as weight": (lambda v: {"c": Term(v, True)}, "bool scalar.*as the weight of 'c'"),
}


@pytest.mark.parametrize(("make", "message"), LOSSES.values(), ids=LOSSES)
def test_a_loss_that_returns_something_else(make, message):
    with pytest.raises(InputError, match=message) as caught:
        trace(faulty(**loss(make)))
    text = str(caught.value)
    assert text.startswith("method Mine: loss of phase 'train' gave")
    assert re.search(rf"{HERE} line \d+", text)


def phases(*given):
    return {"phases": lambda self: given[0] if len(given) == 1 else given}


def do(self, nets, batch, ctx):
    return {"c": Term(good(nets, batch))}


class Bare(nnx.Module):
    def __init__(self, rngs):
        self.layer = nnx.Linear(4, 1, rngs=rngs)


def extra(make):
    return {"extra_networks": lambda self, spec, features, rngs: make(rngs)}


def net(name):
    return extra(lambda rngs: {name: Bare(rngs)})


def state(first, then, member="after_update"):
    return {
        "init_state": lambda self, params, statistics, size: first,
        member: lambda self, state, *rest: then(state),
    }


def grow(old):
    return [*old, jnp.zeros(())]


def predict(make):
    def run(self, nets, inputs, state, *, role):
        return make(nets.apply(inputs, role=role))

    return {"predict": run}


def combine(make):
    return {
        "per_term_gradients": True,
        "combine_gradients": lambda self, g, ctx: make(g["classification"]),
    }


COUNT = {"n": jnp.zeros((), jnp.int32)}
MEMBERS = {
    "no phases": (phases(()), r"phases gave \(\), not a tuple of at least one Phase"),
    "phases None": (phases(None), "phases gave None, not a tuple"),
    "a phase alone": (phases(Phase("a", do)), "phases gave 'a', not a Phase"),
    "losses as phases": (phases([do]), "phases gave <function.*not a Phase"),
    "a phase without a name": (phases([Phase("", do)]), "a phase named ''"),
    "a phase named 3": (phases([Phase(3, do)]), "a phase named 3"),
    "a slash in a phase": (phases([Phase("a/b", do)]), "named 'a/b', not by a text without"),
    "a phase's loss": (phases([Phase("a", "mse")]), "with the loss 'mse', not a function"),
    "two phases of one name": (phases([Phase("a", do)] * 2), "phases named a, a; names must"),
    "trains a text": (phases([Phase("a", do, "heads")]), "trains='heads', not a tuple"),
    "trains nobody": (phases([Phase("a", do, ("decoder",))]), r"trains 'decoder'; there are"),
    "repeats none": (phases([Phase("a", do, None, 0)]), "repeats=0, not a whole number"),
    "repeats 1.5": (phases([Phase("a", do, None, 1.5)]), r"repeats=1\.5, not a whole number"),
    "repeats True": (phases([Phase("a", do, None, True)]), "repeats=True"),
    "a network 'encoder'": (net("encoder"), "the name 'encoder', which is taken"),
    "a network 'heads'": (net("heads"), "the name 'heads', which is taken"),
    "a network 'head'": (net("head"), "the name 'head', which is taken"),
    "a network 'eval'": (net("eval"), "the name 'eval', which is taken"),
    "a network 'a/b'": (net("a/b"), "the name 'a/b'"),
    "a network 7": (net(7), "the name 7"),
    "a network ''": (net(""), "the name ''"),
    "a function as network": (extra(lambda r: {"f": jnp.tanh}), "'f' as .*not an nnx.Module"),
    "an array as network": (extra(lambda r: {"a": jnp.ones(3)}), r"float32\[3\], not an nnx"),
    "a class as network": (extra(lambda r: {"c": Bare}), "'c' as <class.*not an nnx.Module"),
    "a module alone": (extra(Bare), "not a dict of nnx.Module"),
    "networks None": (extra(lambda r: None), "extra_networks gave None, not a dict"),
    "a network that fails": (extra(lambda r: {"n": Bare(None)}), "failed in extra_networks"),
    "logits alone": (predict(lambda o: o.logits), r"predict gave an array .*, 3\], not Output"),
    "a pair": (predict(lambda o: tuple(o)), r"predict gave \(.*not Output"),
    "nothing predicted": (predict(lambda o: None), "predict gave None, not Output"),
    "too few rows": (
        predict(lambda o: Output(o.features[:-1], o.logits[:-1])),
        r"features as .*; the shape is \[\d+, d\]",
    ),
    "logits of too few rows": (
        predict(lambda o: o._replace(logits=o.logits[1:])), r"logits as .*the shape is \[\d+, 3\]"
    ),
    "too few classes": (
        predict(lambda o: o._replace(logits=o.logits[:, :2])), r"logits as .*, 2\]; the shape is"
    ),
    "labels for logits": (
        predict(lambda o: o._replace(logits=o.logits.argmax(1))), r"logits as an array int32\[\d+\]"
    ),
    "whole logits": (
        predict(lambda o: o._replace(logits=o.logits.astype(jnp.int32))), "the type is float32"
    ),
    "no features": (predict(lambda o: o._replace(features=None)), "features as None"),
    "a state that grows": (state([], grow), "after_update gave a state of the structure"),
    "a refresh that grows": (state([], grow, "refresh"), "refresh gave a state of the structure"),
    "a state that vanishes": (state(COUNT, lambda s: None), "a state keeps its structure"),
    "a state of another type": (
        state(COUNT, lambda s: {"n": s["n"] * 0.5}), r"'n' is float32\[\] where it was int32\[\]"
    ),
    "a state of another shape": (
        state(COUNT, lambda s: {"n": jnp.zeros(2, jnp.int32)}), r"'n' is int32\[2\] where it was"
    ),
    "a state of text": (state({"name": "x"}, lambda s: s), "a state with 'x', which is no array"),
    "gradients of one group": (combine(lambda g: {"other": g["heads"]}), "combine_gradients gave"),
    "gradients None": (combine(lambda g: None), "combine_gradients gave a state of the struc"),
}  # fmt: skip


@pytest.mark.parametrize(("members", "message"), MEMBERS.values(), ids=MEMBERS)
def test_a_member_that_breaks_the_contract(members, message):
    with pytest.raises(InputError, match=message) as caught:
        trace(faulty(**members))
    text = str(caught.value)
    assert text.startswith("method Mine")
    assert re.search(rf"{HERE}.? line \d+", text), text


def with_domain(self, nets, inputs, state, *, domain):
    return nets.apply(inputs, domain=domain)


def applied_by_domain(self, nets, inputs, state, *, role):
    return nets.apply(inputs, domain=0)


def loss_by_domain(self, nets, batch, ctx):
    return {"a": Term(nets.encode(batch.source.inputs, domain=0).mean())}


OF_BEFORE_ROLES = {
    "domain": {"predict": with_domain},
    "domain by position": {"predict": lambda self, nets, inputs, state, domain: nets},
    "no role": {"predict": lambda self, nets, inputs, state: nets.apply(inputs)},
    "domain of a pass": {"predict": applied_by_domain},
    "domain in a loss": {"loss": loss_by_domain},
}


@pytest.mark.parametrize("members", OF_BEFORE_ROLES.values(), ids=OF_BEFORE_ROLES)
def test_a_method_of_before_roles_is_told_what_the_argument_is_called(members):
    with pytest.raises(InputError, match=r"called role, not domain: 'source', 'target' or") as got:
        trace(faulty(**members))
    text = str(got.value)
    assert text.startswith("method Mine") and "nets.apply(inputs, role=role)" in text
    assert re.search(rf"{HERE} line \d+", text), text


def raise_(error):
    raise error


RAISES = {
    "its own error": (lambda v: raise_(ValueError("mine")), "ValueError: mine"),
    "a wrong shape": (lambda v: v + jnp.ones((2, 3)) @ jnp.ones((2, 3)), "TypeError: dot_general"),
    "a Python if": (lambda v: {"c": Term(v)} if v > 0 else {}, "TracerBoolConversionError"),
    "a float of a tracer": (lambda v: float(v), "ConcretizationTypeError"),
    "NumPy of a tracer": (lambda v: np.asarray(v), "TracerArrayConversionError"),
    "an unknown name": (lambda v: v.nonsense, "AttributeError"),
    "no key": (lambda v: {}["x"], "KeyError"),
    "a division": (lambda v: 1 // 0, "ZeroDivisionError"),
}


@pytest.mark.parametrize(("make", "message"), RAISES.values(), ids=RAISES)
def test_an_error_within_a_loss_names_method_phase_file_and_line(make, message):
    with pytest.raises(InputError) as caught:
        trace(faulty(**loss(make)))
    text = str(caught.value)
    assert text.startswith("method Mine failed in the loss of phase 'train'")
    assert message in text
    assert re.search(rf"{HERE} line \d+\)", text)
    assert len(text) < 800
    assert caught.value.__cause__ is not None


OTHERS = ("stages", "phases", "extra_networks", "init_state", "after_update", "refresh", "predict")


@pytest.mark.parametrize("member", OTHERS)
def test_an_error_within_another_member_names_it(member):
    def fails(self, *args, **kwargs):
        raise RuntimeError("mine")

    run = stages_of if member == "stages" else trace
    with pytest.raises(InputError, match=rf"Mine failed in {member} \(RuntimeError: mine, .*line"):
        run(faulty(**{member: fails}))


def test_a_nan_at_the_first_step_is_recorded_with_its_term():
    def nan(value):
        return {"classification": Term(value), "broken": Term(value * jnp.nan)}

    training = make_training(faulty(**loss(nan)), task=TASK, spec=SPEC, options=OPTIONS)
    (log,) = training.advance(2)
    assert (log.bad_step, log.bad_term) == (0, "broken")
    assert not math.isfinite(log.means["broken"])


def test_python_floats_and_whole_weights_are_numbers():
    assert trace(faulty(**loss(lambda v: {"a": Term(v, 2), "b": Term(0.5)})))


FIELDS = [
    (DANN, {"weight": "a"}, "weight of DANN is 'a', of type str; give a number such as 1.0"),
    (DANN, {"weight": None}, "weight of DANN is None"),
    (DANN, {"weight": True}, "weight of DANN is True, of type bool"),
    (DANN, {"weight": math.nan}, "weight of DANN is nan; give a finite number"),
    (DANN, {"weight": math.inf}, "weight of DANN is inf"),
    (DANN, {"weight": -1}, "weight of DANN is -1; it must be at least 0"),
    (DANN, {"weight": [1.0, 2.0]}, r"weight of DANN is \[1.0, 2.0\]"),
    (DANN, {"weight": 1j}, "weight of DANN is 1j, of type complex"),
    (DANN, {"weight": np.array(["a"])}, "weight of DANN is of type <U1; give real"),
    (DANN, {"weight": np.array([True])}, "weight of DANN is of type bool; give real"),
    (CDAN, {"entropy_conditioning": 1}, "entropy_conditioning of CDAN is 1, of type int"),
    (CDAN, {"entropy_conditioning": "yes"}, "entropy_conditioning of CDAN is 'yes'"),
    (MCC, {"temperature": 0.0}, "temperature of MCC is 0.0; it must be at least"),
    (MCD, {"encoder_updates": 0}, "encoder_updates of MCD is 0; it must be at least 1"),
    (MCD, {"encoder_updates": 1.5}, "encoder_updates of MCD is 1.5, of type float"),
    (MCD, {"encoder_updates": True}, "encoder_updates of MCD is True"),
    (WDGRL, {"critic_updates": "5"}, "critic_updates of WDGRL is '5'"),
    (WDGRL, {"penalty": -0.1}, "penalty of WDGRL is -0.1"),
    (SelfEnsembling, {"ema_decay": 1.1}, "ema_decay of .* is 1.1; it must be between 0 and 1"),
    (SelfEnsembling, {"confidence_threshold": 2}, "confidence_threshold of .* is 2"),
    (SourceOnly, {"label_smoothing": -0.1}, "label_smoothing of SourceOnly is -0.1"),
    (SourceOnly, {"label_smoothing": math.nan}, "label_smoothing of SourceOnly is nan"),
    (SourceOnly, {"label_smoothing": "0.1"}, "label_smoothing of SourceOnly is '0.1'"),
    (TCA, {"regularisation": "x"}, "regularisation of TCA is 'x'"),
    (JDA, {"dims": 2.5}, "dims of JDA is 2.5, of type float; give one of type int"),
]


@pytest.mark.fast
@pytest.mark.parametrize(("cls", "fields", "message"), FIELDS)
def test_a_hyper_parameter_of_another_type_or_out_of_range(cls, fields, message):
    with pytest.raises(InputError, match=message):
        cls(**fields)


@method
class Shaped(Method):
    """A user's method with fields of its own kinds and a check of its own."""

    bias: float = -1.0
    share: float = number(default=0.5, least=0.0, most=1.0)
    layers: tuple = static(default=())

    def __post_init__(self):
        if self.layers == ("bad",):
            raise InputError("my own check")

    def loss(self, nets, batch, ctx):
        raise NotImplementedError


@pytest.mark.fast
def test_fields_of_a_users_method():
    assert Shaped(bias=-3).bias == -3.0
    for fields, message in (
        ({"share": 1.5}, "between 0 and 1"),
        ({"bias": "a"}, "bias of Shaped is 'a'"),
        ({"layers": [3]}, "may change.*a tuple in place of a list"),
        ({"layers": ("bad",)}, "my own check"),
    ):
        with pytest.raises(InputError, match=message):
            Shaped(**fields)


@pytest.mark.fast
def test_jax_puts_anything_in_the_place_of_numbers():
    shaped = Shaped(layers=(3, 4))
    assert jax.tree.map(lambda _: "text", shaped).share == "text"
    assert jax.tree.map(lambda a: a + 1, shaped).layers == (3, 4)
    assert jax.eval_shape(lambda m: m, shaped).bias.shape == ()
    assert jax.tree.structure(shaped) != jax.tree.structure(Shaped(layers=()))
    assert float(jax.jit(lambda m: m.share * 2)(shaped)) == 1.0
    stacked = jax.tree.map(lambda *a: jnp.stack(a), shaped, Shaped(layers=(3, 4), share=1.0))
    assert jax.vmap(lambda m: m.share)(stacked).tolist() == [0.5, 1.0]
    paths = [jax.tree_util.keystr(p) for p, _ in jax.tree_util.tree_leaves_with_path(shaped)]
    assert paths == [".bias", ".share"]


def test_a_method_of_the_package_keeps_its_traceback(monkeypatch):
    def fails(self, nets, batch, ctx):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(DANN, "loss", fails)
    with pytest.raises(ZeroDivisionError, match="ours"):
        trace(DANN())
