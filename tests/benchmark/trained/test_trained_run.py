"""A trained run comes out: predictions, files, history; the target without a label."""

import dataclasses
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import xferlab
from xferlab import InputError
from xferlab.benchmark.store.model_files import MODEL
from xferlab.methods.table import METHODS

rng = np.random.default_rng(0)
Y = np.arange(90) % 3
X = (rng.normal(size=(90, 5)) + 3 * Y[:, None]).astype(np.float32)
FIELD = X + 0.7


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    source = xferlab.domain_from_arrays("lab", X, Y, class_names=["ant", "bee", "cat"])
    target = xferlab.domain_from_arrays("field", FIELD)
    return xferlab.train(source, target, steps=60, out=tmp_path_factory.mktemp("runs"))


def test_a_target_without_labels_is_predicted(run):
    assert run.class_names == ("ant", "bee", "cat")
    assert (run.predict(FIELD) == Y).mean() > 0.8
    assert run.score(FIELD, Y) == (run.predict(FIELD) == Y).mean()
    shares = run.predict_proba(FIELD)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-6)
    assert (shares.argmax(axis=1) == run.predict(FIELD)).all()
    assert run.features(FIELD[:7]).shape == (7, 128)
    assert run.features(FIELD[:7], role="source").shape == (7, 128)


def test_history_has_terms_metrics_and_validators(run):
    assert {"terms/classification", "validators/information_maximisation"} <= set(run.history)
    assert not any(name.startswith("metrics/") for name in run.history)
    assert "validators/oracle" not in run.history
    assert run.history.index[-1] == 60


def test_another_process_predicts_the_same_to_the_last_bit(run, tmp_path):
    folder = run.save(tmp_path / "kept")
    np.save(tmp_path / "x.npy", FIELD)
    code = f"""
        import numpy as np, xferlab
        run = xferlab.load_run({str(folder)!r})
        output = run.outputs(np.load({str(tmp_path / "x.npy")!r}))
        np.savez({str(tmp_path / "out.npz")!r}, logits=output.logits, features=output.features)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)
    with np.load(tmp_path / "out.npz") as there:
        ours = run.outputs(FIELD)
        np.testing.assert_array_equal(there["logits"], ours.logits)
        np.testing.assert_array_equal(there["features"], ours.features)


def test_the_test_logits_that_a_run_kept_are_those_of_the_model(tmp_path):
    source = xferlab.domain_from_arrays("lab", X, Y)
    target = xferlab.domain_from_arrays("field", FIELD, Y)
    run = xferlab.train(source, target, steps=20, out=tmp_path)
    with np.load(tmp_path / run.spec.digest / "predictions.npz") as kept:
        rows, logits, labels = kept["rows"], kept["logits"], kept["labels"]
    np.testing.assert_array_equal(labels, Y[rows])
    np.testing.assert_array_equal(run.outputs(FIELD[rows]).logits, logits)


@pytest.mark.parametrize("name", [n for n in METHODS if n not in ("maml", "prototypical")])
def test_every_method_that_trains_is_loaded_as_it_was(name, tmp_path):
    method = METHODS[name]
    setting = method.needs.widened(xferlab.Setting.UNSUPERVISED_DA)
    if setting.online:
        setting = dataclasses.replace(setting, online=False)
    source = xferlab.domain_from_arrays("lab", X, Y)
    other = xferlab.domain_from_arrays("lab2", X + 0.5, Y)
    target = xferlab.domain_from_arrays("field", FIELD, Y)
    shots = xferlab.data.draw_shots(target, 1) if setting.shots else ()
    several = [source, other] if name in ("m3sda", "group_dro") else source
    run = xferlab.train(several, target, name, steps=20, setting=setting, shots=shots, out=tmp_path)
    with np.load(tmp_path / run.spec.digest / "predictions.npz") as kept:
        rows, logits = kept["rows"], kept["logits"]
    np.testing.assert_array_equal(run.outputs(FIELD[rows]).logits, logits)


def test_a_method_of_ones_own_is_named_to_be_loaded(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(
        textwrap.dedent(
            """
            from xferlab import Method, Term, method
            from xferlab.methods.supervised import supervised


            @method
            class Mine(Method):
                weight: float = 0.1

                def loss(self, nets, batch, ctx):
                    source, target = nets.forward(batch)
                    gap = (source.features.mean(0) - target.features.mean(0)) ** 2
                    return {**supervised(nets, source, batch), "gap": Term(gap.mean(), self.weight)}
            """
        )
    )
    source = xferlab.domain_from_arrays("lab", X, Y)
    target = xferlab.domain_from_arrays("field", FIELD)
    own = f"{path}:Mine"
    run = xferlab.train(source, target, own, steps=10)
    folder = run.save(tmp_path / "kept")
    with pytest.raises(InputError, match="'mine', which is not of the package"):
        xferlab.load_run(folder)
    with pytest.raises(InputError, match="'dann' is given"):
        xferlab.load_run(folder, method="dann")
    again = xferlab.load_run(folder, method=own)
    np.testing.assert_array_equal(again.predict_proba(FIELD), run.predict_proba(FIELD))


def test_weights_asked_for_later_train_the_same_run_again(tmp_path):
    source = xferlab.domain_from_arrays("lab", X, Y)
    target = xferlab.domain_from_arrays("field", FIELD, Y)
    xferlab.compare(source, target, methods=["dann"], seeds=1, steps=20, out=tmp_path)
    (folder,) = (path.parent for path in tmp_path.glob("*/DONE"))
    with pytest.raises(InputError, match="kept no network"):
        xferlab.load_run(folder)
    before = (folder / "metrics.jsonl").read_bytes()
    run = xferlab.train(source, target, "dann", steps=20, out=tmp_path)
    assert run.spec.digest == folder.name
    assert (folder / "metrics.jsonl").read_bytes() == before


def test_what_cannot_be_used_is_refused(run, tmp_path):
    source = xferlab.domain_from_arrays("lab", X, Y)
    target = xferlab.domain_from_arrays("field", FIELD)
    with pytest.raises(InputError, match="closed form"):
        xferlab.train(source, target, "coral")
    with pytest.raises(InputError, match="not a single label"):
        xferlab.train(target, source, "dann")
    with pytest.raises(InputError, match=r"float32 \[n, 4\], and the run was trained on"):
        run.predict(FIELD[:, :4])
    with pytest.raises(InputError, match="role 'field'"):
        run.predict(FIELD, role="field")
    with pytest.raises(InputError, match="no finished run"):
        xferlab.load_run(tmp_path)
    folder = run.save(tmp_path / "kept")
    with pytest.raises(InputError, match="exists"):
        run.save(folder)
    data = bytearray((folder / MODEL).read_bytes())
    data[-5] ^= 1
    (folder / MODEL).write_bytes(data)
    with pytest.raises(InputError, match="damaged"):
        xferlab.load_run(folder)
