"""Kept stages: runs of their own, trained once, found again, and counted as what was seen."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import pytest

from tests.benchmark.tiny import NETWORK, contents, execute, tiny_suite, tiny_task
from xferlab.benchmark.present import run_suite
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.kept import describe_kept, kept_packs, members_of
from xferlab.benchmark.runs.methods import find_method, find_recipe
from xferlab.benchmark.runs.options import BenchOptions, ExecutorOptions
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.runs.suite_run import plan_suite
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting, View
from xferlab.core.tree_files import tree_from_bytes, tree_to_bytes
from xferlab.data.made.moons import moons
from xferlab.losses import cross_entropy
from xferlab.methods.base import Method, Stage, Term, method, static
from xferlab.methods.dann import DANN
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.target_only import TargetOnly

ROWS = ("source_only", "source_only+pretrained", "source_only+pretrained+lp_ft")


def two_targets():
    """The tiny suite with two targets of one source."""
    suite = tiny_suite()
    other = dataclasses.replace(
        suite.tasks[0],
        task=dataclasses.replace(
            tiny_task(moons(rotation_degrees=60.0, points=20)), name="moons->turned further"
        ),
    )
    return dataclasses.replace(suite, tasks=(*suite.tasks, other))


def packs_of(suite=None, *, methods=ROWS, seeds=2, width=1):
    return make_packs(
        suite or tiny_suite(), [find_method(m) for m in methods], seeds=seeds, width=width
    )


def specs_of(packs):
    return [spec for pack in packs for spec, _ in pack.runs]


@pytest.mark.fast
@pytest.mark.parametrize("width", [1, 2, 3])
def test_one_kept_run_a_seed_for_all_rows_and_targets(width):
    packs = packs_of(two_targets(), seeds=3, width=width)
    kept = kept_packs(packs, width)
    assert [s.seed for s in specs_of(kept)] == [0, 1, 2]
    assert len(kept) == -(-3 // width)
    starts = {s.digest for s in specs_of(kept)}
    for spec in specs_of(packs):
        assert (spec.start in starts) == ("pretrained" in spec.method.name)
        assert spec.start or "start" not in spec.to_json()
    for spec in specs_of(kept):
        assert spec.task.name == "moons" and spec.task.target == "" and spec.task.views == (2, 0, 0)
        assert RunSpec.from_json(spec.to_json()) == spec
    fewer = kept_packs(packs_of(seeds=3, methods=ROWS[1:2]), width)
    assert [specs_of([pack]) for pack in fewer] == [specs_of([pack]) for pack in kept]


CHANGES = {
    "lr": (lambda s: with_training(s, lr=0.5), True),
    "steps": (lambda s: with_training(s, steps=8), True),
    "batch of the source": (lambda s: with_training(s, batch_sizes=(7, 8)), True),
    "batch of the target": (lambda s: with_training(s, batch_sizes=(8, 7)), False),
    "evaluations": (lambda s: with_training(s, evaluations=1), False),
    "network": (lambda s: with_task(s, network=dataclasses.replace(NETWORK, hidden=(9,))), True),
    "source": (lambda s: with_data(s, sources=(moons(points=22),)), True),
    "target": (lambda s: with_data(s, target=moons(rotation_degrees=9.0, points=24)), False),
    "name": (lambda s: with_data(s, name="another"), False),
    "setting": (lambda s: with_data(s, setting=Setting.SUPERVISED), False),
}


def with_task(suite, **changes):
    return dataclasses.replace(suite, tasks=(dataclasses.replace(suite.tasks[0], **changes),))


def with_training(suite, **changes):
    return with_task(suite, training=dataclasses.replace(suite.tasks[0].training, **changes))


def with_data(suite, **changes):
    return with_task(suite, task=dataclasses.replace(suite.tasks[0].task, **changes))


@pytest.mark.fast
@pytest.mark.parametrize("name", CHANGES)
def test_a_kept_run_is_another_where_what_it_sees_is(name):
    change, differs = CHANGES[name]
    (before,), (after,) = (
        kept_packs(packs_of(suite, methods=ROWS[1:2], seeds=1), 1)
        for suite in (tiny_suite(), change(tiny_suite()))
    )
    assert (specs_of([before]) != specs_of([after])) == differs


@method
class KeepsFirst(Method):
    """A user's method whose source stage is kept."""

    first: Method = static(default=SourceOnly())
    seen: Setting | None = static(default=None)
    needs: ClassVar[Setting] = Setting.SOURCE_FREE

    def stages(self):
        return (Stage(self.first, 0.5, self.seen, kept=True), Stage(self, 1.0))

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.target.inputs).logits
        return {"size": Term((logits**2).mean())}


@pytest.mark.fast
def test_fields_of_a_kept_method_are_part_of_its_identity():
    def digest(first):
        packs = make_packs(
            tiny_suite(), [Candidate("k", KeepsFirst(first=first))], seeds=1, width=1
        )
        return specs_of(packs)[0].start

    plain, smooth = digest(SourceOnly()), digest(SourceOnly(label_smoothing=0.1))
    assert plain and smooth and plain != smooth
    assert digest(SourceOnly(label_smoothing=0.0)) == plain


SOURCE = Setting("source", source=View.LABELS)
TARGET = Setting("target", target=View.LABELS)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("setting", "first", "seen", "sees"),
    [
        (Setting.UNSUPERVISED_DA, SourceOnly(), None, ""),
        (Setting.UNSUPERVISED_DA, SourceOnly(), SOURCE, ""),
        (Setting.SOURCE_FREE, SourceOnly(), SOURCE, ""),
        (Setting.UNSUPERVISED_DA, TargetOnly(), TARGET, "target"),
        (Setting.SOURCE_FREE, TargetOnly(), TARGET, "target"),
        (Setting.SUPERVISED, TargetOnly(), TARGET, ""),
    ],
)
def test_what_a_kept_run_saw_of_the_target_counts(setting, first, seen, sees):
    suite = with_data(tiny_suite(), setting=setting)
    candidate = Candidate("k", KeepsFirst(first=first, seen=seen))
    (spec,) = specs_of(make_packs(suite, [candidate], seeds=1, width=1))
    assert spec.sees == sees and spec.oracle == bool(sees)


def test_source_free_from_a_kept_source_model(tmp_path):
    suite = with_data(tiny_suite(), setting=Setting.SOURCE_FREE)
    packs = make_packs(suite, [Candidate("k", KeepsFirst(seen=SOURCE))], seeds=1, width=1)
    store = execute(tmp_path, packs)
    assert all(store.has(spec.digest) for spec in specs_of([*packs, *kept_packs(packs, 1)]))


def count_training(root, packs, **options):
    """Executes packs and counts the steps of every method's training."""
    steps: dict[str, int] = {}

    def report(pack, done, state):
        if state == "training":
            name = pack.runs[0][0].method.name
            steps[name] = steps.get(name, 0) + done

    store = execute(root, packs, report=report, **options)
    return store, steps


def test_a_kept_run_is_trained_once_and_found_again(tmp_path):
    first, second = (packs_of(two_targets(), methods=ROWS[i : i + 1]) for i in (1, 2))
    _, steps = count_training(tmp_path, first)
    assert steps == {"SourceOnly (kept)": 2 * 6, "source_only+pretrained": 2 * 2 * 6}
    _, steps = count_training(tmp_path, second)
    assert steps == {"source_only+pretrained+lp_ft": 2 * 2 * 6}
    _, steps = count_training(tmp_path, [*first, *second])
    assert steps == {}


def test_runs_begin_with_the_kept_weights_and_other_heads(tmp_path):
    packs = packs_of(methods=("source_only+pretrained+linear_probe",), seeds=1)
    store = execute(tmp_path, packs)
    (kept,) = specs_of(kept_packs(packs, 1))
    weights = tree_from_bytes(store.read(kept.digest)["weights"])
    assert set(weights["params"]) == {"encoder", "heads"}
    (member,) = members_of(packs[0], store, {})
    np.testing.assert_array_equal(
        member.start[0]["encoder"]["backbone"]["layers"][0]["kernel"],
        weights["params"]["encoder"]["backbone"]["layers"][0]["kernel"],
    )
    assert [stage.fresh for stage in member.stages] == [("heads",)]


def test_a_target_with_inputs_of_its_own_begins_with_kept_stages(tmp_path):
    own = dataclasses.replace(Setting.UNSUPERVISED_DA, own_inputs=True)
    task = tiny_suite().tasks[0].task.with_setting(own)
    network = dataclasses.replace(NETWORK, target_inputs=(("mlp", (2,), (8,)),))
    suite = with_task(tiny_suite(), task=task, network=network)
    packs = packs_of(suite, methods=ROWS[1:2], seeds=1)
    (kept,) = kept_packs(packs, 1)
    assert kept.task.setting.own_inputs
    assert execute(tmp_path, packs).has(specs_of(packs)[0].digest)


@pytest.mark.parametrize("width", [1, 2])
def test_damage_is_found_and_the_kept_run_trained_anew(tmp_path, width):
    packs = packs_of(methods=ROWS[1:2], width=width)
    options = ExecutorOptions(jobs=1, checkpoint_seconds=60.0, width=width)
    store = RunStore(tmp_path)
    Executor(store, options, lambda *_: None).run(packs)
    kept = specs_of(kept_packs(packs, width))
    before = [contents(store.folder(spec.digest)) for spec in kept]
    path = store.folder(kept[1].digest) / "weights.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    outcome = Executor(store, options, lambda *_: None).run(packs)
    assert list(outcome.repaired) == [kept[1].digest]
    assert "weights.npz is not what DONE says" in outcome.repaired[kept[1].digest]
    assert [contents(store.folder(spec.digest)) for spec in kept] == before


@method
class Explodes(Method):
    """A kept stage that diverges."""

    def loss(self, nets, batch, ctx):
        source = nets.apply(batch.source.inputs)
        value = cross_entropy(source.logits, batch.source.labels).mean()
        return {"ce": Term(jnp.where(ctx.step > 1, jnp.inf, 1.0) * value)}


@method
class Fails(Method):
    """A kept stage that cannot run."""

    def loss(self, nets, batch, ctx):
        raise RuntimeError("not today")


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (
            Explodes(),
            r"k on moons->turned, seed 0, begins with kept stages that diverged at step 2",
        ),
        (
            Fails(),
            r"k on moons->turned, seed 0, begins with kept stages that could not run:.*today",
        ),
    ],
)
def test_what_begins_with_a_kept_run_that_went_wrong_says_so(tmp_path, first, message):
    candidates = [Candidate("k", KeepsFirst(first=first, seen=SOURCE)), find_method("source_only")]
    packs = make_packs(tiny_suite(), candidates, seeds=1, width=1)
    store = RunStore(tmp_path)
    options = ExecutorOptions(jobs=1, checkpoint_seconds=60.0)
    outcome = Executor(store, options, lambda *_: None).run(packs)
    ((pack, error),) = outcome.failures
    assert isinstance(error, InputError) and pack is packs[0]
    with pytest.raises(InputError, match=message):
        raise error
    assert store.has(specs_of(packs)[1].digest)


def test_a_kept_run_has_no_row_and_the_protocol_says_it(tmp_path):
    suite = tiny_suite(methods=ROWS)
    candidates = [find_method(name) for name in ROWS]
    options = BenchOptions(out=tmp_path, seeds=2)
    packs = plan_suite(suite, candidates, options)
    results = run_suite(suite, packs, options, lambda *_: None)
    assert {record.method for record in results.records} == set(ROWS)
    sentences = describe_kept(packs)
    assert [sentence.split()[2] for sentence in sentences] == list(ROWS[1:])
    assert all("SourceOnly, trained for 6 steps" in sentence for sentence in sentences)
    assert all("on the source with labels;" in sentence for sentence in sentences)
    for asked in (candidates[:1], candidates[:2]):
        assert all(sentence in (tmp_path / "tiny.md").read_text() for sentence in sentences)
        run_suite(suite, plan_suite(suite, asked, options), options, lambda *_: None)


@pytest.mark.fast
def test_reverse_validation_is_not_defined(tmp_path):
    header = dataclasses.replace(tiny_suite().header, validator="reverse_validation")
    suite = dataclasses.replace(tiny_suite(), header=header)
    candidate = find_method("dann+pretrained")._replace(grid=({}, {"weight": 0.5}))
    with pytest.raises(InputError, match=r"dann\+pretrained begins with kept stages, for which"):
        make_packs(suite, [candidate], seeds=1, width=1)


@pytest.mark.fast
def test_a_kept_method_with_a_field_that_is_no_plain_value():
    @method
    class Odd(Method):
        function: object = static(default=None)

        def loss(self, nets, batch, ctx):
            raise NotImplementedError

    with pytest.raises(InputError, match=r"Odd is the method of a kept stage.*field 'function'"):
        make_packs(
            tiny_suite(), [Candidate("k", KeepsFirst(first=Odd(function=len)))], seeds=1, width=1
        )


@pytest.mark.fast
def test_trees_of_arrays_come_back_as_they_were():
    tree = {"a": {0: np.arange(3), "0": np.ones((), np.float32)}, "b": jnp.ones(2, jnp.bfloat16)}
    again = tree_from_bytes(tree_to_bytes(tree))
    assert list(again["a"]) == [0, "0"] and again["b"].dtype == jnp.bfloat16
    np.testing.assert_array_equal(again["a"][0], tree["a"][0])
    assert tree_from_bytes(tree_to_bytes({})) == {}


@pytest.mark.fast
def test_the_recipe_finds_its_name():
    assert find_recipe("pretrained+lp_ft").label("x") == "x+pretrained+lp_ft"


def permuted(domain):
    generator = np.random.default_rng(0)
    splits = {
        name: dataclasses.replace(split, labels=generator.permutation(split.labels))
        for name, split in domain.splits.items()
    }
    return dataclasses.replace(domain, splits=splits)


HIDDEN = {
    "source seen": find_method("dann+pretrained+lp_ft"),
    "target inputs seen": Candidate("k", KeepsFirst(first=DANN())),
}


@pytest.mark.parametrize("name", HIDDEN)
def test_permuted_target_labels_change_no_weight_and_no_output(name, tmp_path):
    target = moons(rotation_degrees=35.0, points=20)
    files = []
    for number, domain in enumerate((target, permuted(target))):
        packs = make_packs(tiny_suite(task=tiny_task(domain)), [HIDDEN[name]], seeds=1, width=1)
        store = execute(tmp_path / str(number), packs)
        (kept,) = specs_of(kept_packs(packs, 1))
        (own,) = specs_of(packs)
        files.append((kept, store.read(kept.digest), store.read(own.digest)))
    (kept, before, run), (other, after, changed) = files
    assert (kept == other) == (name == "source seen")
    assert before["weights"] == after["weights"]
    assert not np.array_equal(run["arrays"]["labels"], changed["arrays"]["labels"])
    for array in ("logits", "predictions"):
        assert run["arrays"][array].tobytes() == changed["arrays"][array].tobytes()


ADAPTED = ("shot+source_kept", "tent+source_kept", "ada_bn+source_kept")


def normed(suite):
    return with_task(suite, network=dataclasses.replace(NETWORK, bottleneck=4))


@pytest.mark.fast
def test_a_source_model_is_kept_for_all_that_begin_with_the_same():
    """Tent and AdaBN adapt the same one; SHOT's has smoothed labels."""
    packs = packs_of(normed(two_targets()), methods=ADAPTED[1:], seeds=2)
    kept = specs_of(kept_packs(packs, 1))
    own = specs_of(packs_of(normed(tiny_suite()), methods=ADAPTED, seeds=2))
    starts = {spec.method.name: spec.start for spec in own if spec.seed == 0}
    assert starts["tent+source_kept"] == starts["ada_bn+source_kept"]
    assert starts["shot+source_kept"] != starts["tent+source_kept"]
    assert all(spec.task.views == (2, 0, 0) and spec.training.steps == 6 for spec in kept)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("dann+source_kept", r"DANN is the only stage"),
        ("dann+lp_ft+source_kept", r"DANN needs unsupervised_da"),
    ],
)
def test_what_has_no_source_model_is_refused(name, message):
    with pytest.raises(InputError, match=f"{message}.*such as shot"):
        packs_of(methods=(name,))


def test_the_adaptation_begins_with_the_kept_weights(tmp_path):
    (pack,) = packs_of(normed(tiny_suite()), methods=("shot+source_kept",), seeds=1)
    store = execute(tmp_path, [pack])
    (member,) = members_of(pack, store, {})
    assert [(s.fraction, s.setting) for s in member.stages] == [(1.0, Setting.SOURCE_FREE)]
    (kept,) = specs_of(kept_packs([pack], 1))
    weights = tree_from_bytes(store.read(kept.digest)["weights"])
    assert set(member.start[0]) >= {"encoder", "heads"} and weights
