"""`xferlab train`: one run, its course, data of the user's own."""

import numpy as np
import pytest

from xferlab.cli.main import main
from xferlab.methods.closed_form.table import CLOSED_FORM


def save(path, shift, *, n=40, features=3):
    generator = np.random.default_rng(0)
    labels = np.arange(n) % 2
    inputs = generator.normal(size=(n, features)) + 2 * labels[:, None] + shift
    np.savez(path, x=inputs.astype(np.float32), y=labels)


def test_own_data_from_files(tmp_path, capsys):
    save(tmp_path / "a.npz", 0.0)
    save(tmp_path / "b[x].npz", 1.0)
    files = [f"--source={tmp_path / 'a.npz'}", f"--target={tmp_path / 'b[x].npz'}"]
    out = tmp_path / "runs"
    assert main(["train", *files, "--steps=10", f"--out={out}", "--method=source_only"]) == 0
    captured = capsys.readouterr()
    assert "source_only on a->b[x], seed 0" in captured.out
    assert captured.err == "done: source_only on a->b[x]; 0 of 1 cells left\n"
    (record,) = (path.parent for path in out.glob("*/DONE"))
    assert f"record: {record}" in captured.out
    assert captured.out.count(" %") == 10  # A line for each evaluation.


def test_several_sources_and_shots_of_own_data(tmp_path, capsys):
    for name, shift in (("a", 0.0), ("b", 1.0), ("c", 2.0)):
        save(tmp_path / f"{name}.npz", shift)
    files = [f"--source={tmp_path / 'a.npz'}", f"--source={tmp_path / 'b.npz'}"]
    files += [f"--target={tmp_path / 'c.npz'}", f"--out={tmp_path / 'runs'}", "--steps=10"]
    assert main(["train", *files, "--method=mme", "--setting=semi_supervised", "--shots=2"]) == 0
    shown = capsys.readouterr().out
    assert "mme on a+b->c, seed 0" in shown
    assert "4 training examples of the target are shots" in shown
    assert main(["train", *files, "--method=mme", "--setting=semi_supervised"]) == 2
    assert "shows shots" in capsys.readouterr().err
    assert main(["train", "--suite=quick", "--shots=2", f"--out={tmp_path / 'runs'}"]) == 2
    assert "--shots=2 goes with --source and --target" in capsys.readouterr().err


def test_without_labels_the_course_is_of_a_probe(tmp_path, capsys):
    for name, shift in (("a", 0.0), ("b", 1.0)):
        save(tmp_path / f"{name}.npz", shift)
    files = [f"--source={tmp_path / 'a.npz'}", f"--target={tmp_path / 'b.npz'}"]
    out, asked = f"--out={tmp_path / 'runs'}", ["--steps=10", "--setting=unsupervised"]
    assert main(["train", *files, *asked, out, "--method=simclr"]) == 0
    shown = capsys.readouterr().out
    assert "nt_xent" in shown and "linear" in shown and "accuracy" not in shown
    assert shown.count(" %") == 10


@pytest.mark.parametrize("method", CLOSED_FORM)
def test_a_closed_form_method_has_one_evaluation_and_no_terms(method, tmp_path, capsys):
    for name, shift in (("a", 0.0), ("b", 1.0)):
        save(tmp_path / f"{name}.npz", shift, n=120, features=30)
    files = [f"--source={tmp_path / 'a.npz'}", f"--target={tmp_path / 'b.npz'}"]
    assert main(["train", *files, f"--out={tmp_path / 'runs'}", f"--method={method}"]) == 0
    out = capsys.readouterr().out
    assert f"{method} on a->b, seed 0" in out
    assert out.count(" %") == 1 and "record: " in out


def test_one_seed_of_one_task_of_a_suite(tiny, tmp_path, capsys):
    arguments = ["train", "--suite=tiny", "--task=moons->turned", "--seed=3"]
    assert main([*arguments, f"--out={tmp_path}", "--method=source_only"]) == 0
    assert "source_only on moons->turned, seed 3" in capsys.readouterr().out
    assert len(list(tmp_path.glob("*/DONE"))) == 1


ROOT = """
import jax.numpy as jnp
from xferlab.losses import cross_entropy
from xferlab.methods import Method, Term, method


@method
class Root(Method):
    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        losses = cross_entropy(source.logits, batch.source.labels)
        return {
            "classification": Term(losses.mean()),
            "root": Term(jnp.sqrt((target.features * 0).sum())),
        }
"""


def test_debug_names_what_is_not_finite_and_keeps_its_runs_apart(tiny, tmp_path, capsys):
    """The slope of a root at zero: the term is finite, its gradient is not."""
    (tmp_path / "root.py").write_text(ROOT)
    arguments = ["train", "--suite=tiny", f"--out={tmp_path / 'runs'}", "--debug"]
    assert main([*arguments, f"--method={tmp_path / 'root.py'}:Root"]) == 2
    assert "not finite: gradient of phase 'train' encoder/" in capsys.readouterr().err
    assert main([*arguments, "--method=source_only"]) == 0
    (done,) = tmp_path.glob("runs/**/DONE")
    assert done.parent.parent == tmp_path / "runs" / "debug"
