"""Packs are trained once, recorded whole, and stopped by one clear error."""

import errno
import json
import threading

import numpy as np
import pytest

from tests.benchmark.tiny import contents, execute, tiny_packs, tiny_suite
from xferlab.benchmark.runs.executor import Executor
from xferlab.benchmark.runs.methods import find_method
from xferlab.benchmark.runs.options import ExecutorOptions
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.store.folders import RunStore
from xferlab.benchmark.store.load import load_record
from xferlab.core.errors import InputError
from xferlab.data.made.moons import moons
from xferlab.training.checkpoint import Checkpoint

NAN_LOSS = """
import jax.numpy as jnp
from xferlab.methods import Method, Term, method

@method
class Explodes(Method):
    def loss(self, nets, batch, ctx):
        source, _ = nets.forward(batch)
        value = source.logits.mean() + jnp.where(ctx.step >= 4, jnp.nan, 0.0)
        return {"fine": Term(jnp.zeros(())), "bang": Term(value)}
"""


def recorder():
    seen = []
    return seen, lambda pack, steps, state: seen.append((pack.runs[0][0].seed, steps, state))


def test_a_finished_run_is_never_trained_again(tmp_path):
    packs = tiny_packs(seeds=2)
    first, report = recorder()
    store = execute(tmp_path, packs[:1], report=report)
    assert sum(steps for _, steps, _ in first) == 6
    assert {(seed, state) for seed, _, state in first} == {(0, "training")}
    before = contents(store.folder(packs[0].runs[0][0].digest))
    second, report = recorder()
    execute(tmp_path, packs, report=report, jobs=2)
    assert [report for report in second if report[0] == 0] == [(0, 6, "recorded")]
    assert sum(steps for seed, steps, _ in second if seed == 1) == 6
    assert contents(store.folder(packs[0].runs[0][0].digest)) == before
    assert not list(tmp_path.glob(".checkpoints/*"))


def test_two_executors_share_a_folder(tmp_path):
    packs = tiny_packs(seeds=2)
    trained, report = recorder()
    threads = [threading.Thread(target=execute, args=(tmp_path, packs), kwargs={"report": report})]
    threads.append(threading.Thread(target=execute, args=(tmp_path, packs)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = RunStore(tmp_path)
    assert all(store.is_done(spec) for pack in packs for spec, _ in pack.runs)
    steps = {seed: sum(n for s, n, _ in trained if s == seed) for seed in (0, 1)}
    assert steps == {0: 6, 1: 6}  # Trained here or waited for: each counted once.


def test_divergence_is_recorded_and_the_others_go_on(tmp_path):
    (tmp_path / "explodes.py").write_text(NAN_LOSS)
    candidates = [find_method(str(tmp_path / "explodes.py")), find_method("source_only")]
    packs = make_packs(tiny_suite(), candidates, seeds=1, width=1)
    store = execute(tmp_path / "runs", packs)
    bad, good = (load_record(store, pack.runs[0][0].digest) for pack in packs)
    assert (bad.diverged, bad.diverged_at, bad.diverged_term) == (True, 4, "bang")
    assert not good.diverged
    assert len(good.evaluations) == 2


@pytest.mark.parametrize("file", ["metrics.jsonl", "timing.json", "predictions.npz", "spec.json"])
def test_a_damaged_record_is_trained_anew_and_named(tmp_path, file):
    packs = tiny_packs(seeds=2)
    store = execute(tmp_path, packs)
    damaged, whole = (store.folder(pack.runs[0][0].digest) for pack in packs)
    before = contents(damaged), contents(whole)
    data = bytearray((damaged / file).read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / file).write_bytes(data)
    trained, report = recorder()
    outcome = Executor(store, ExecutorOptions(1, 60.0), report).run(packs)
    assert list(outcome.repaired) == [damaged.name] and not outcome.failures
    assert "source_only on moons->turned, seed 0" in outcome.repaired[damaged.name]
    assert sum(steps for seed, steps, _ in trained if seed == 0) == 6
    assert (1, 6, "recorded") in trained
    assert (contents(damaged), contents(whole)) == before  # The same bits.


def test_a_full_disk_at_a_checkpoint_is_named(tmp_path, monkeypatch):
    def full(self, training, journal):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Checkpoint, "save", full)
    with pytest.raises(InputError, match="disk is full: free some space"):
        execute(tmp_path, tiny_packs(), checkpoint_seconds=0.0)


def test_a_damaged_checkpoint_is_named_and_never_taken_for_whole(tmp_path, monkeypatch):
    packs = tiny_packs()
    monkeypatch.setattr(Checkpoint, "clear", lambda self: None)
    store = execute(tmp_path / "a", packs, checkpoint_seconds=0.0)
    spec = packs[0].runs[0][0]
    (store.folder(spec.digest) / "DONE").unlink()
    parts = [p for p in store.checkpoint_folder(spec.digest).rglob("*") if p.is_file()]
    largest = max(parts, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[: largest.stat().st_size // 2])
    with pytest.raises(InputError, match=r"checkpoint .* cannot be read.*Delete that folder"):
        execute(tmp_path / "a", packs)
    assert not store.is_done(spec)


def test_a_batch_larger_than_its_split_is_refused(tmp_path):
    suite = tiny_suite()
    (only,) = suite.tasks
    task = type(only.task)("few", (moons(points=6),), only.task.target, only.task.setting)
    with pytest.raises(InputError, match=r"source batch size is 8.*only 6 examples"):
        execute(tmp_path, tiny_packs(tiny_suite(task=task)))


def test_an_interruption_stops_the_packs_that_wait(tmp_path):
    packs = tiny_packs(seeds=2)

    def interrupt(pack, steps, state):
        raise KeyboardInterrupt

    store = RunStore(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Executor(store, ExecutorOptions(1, 60.0), interrupt).run(packs)
    assert not any(store.is_done(spec) for pack in packs for spec, _ in pack.runs)


def test_what_a_run_leaves(tmp_path):
    packs = tiny_packs(seeds=2, width=2)
    store = execute(tmp_path, packs)
    first, second = (store.read(spec.digest) for spec, _ in packs[0].runs)
    assert first["environment"]["runs_per_program"] == 2
    assert [line["step"] for line in first["metrics"] if line["kind"] == "evaluation"] == [3, 6]
    assert {3, 6} <= {line["step"] for line in first["metrics"] if line["kind"] == "curve"}
    assert set(second["arrays"]) == {"logits", "labels", "predictions"}
    assert {"embedding_before", "embedding_after", "plane_classes"} <= set(first["arrays"])
    last = first["arrays"]["predictions"][-1]
    assert np.array_equal(last, first["arrays"]["logits"].argmax(axis=1))
    accuracy = np.mean(last == first["arrays"]["labels"])
    assert json.dumps(first["metrics"][-1]["metrics"]["accuracy"]) == json.dumps(float(accuracy))
