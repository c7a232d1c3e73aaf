"""Training on images that stay on disk, beside the same images on the device.

    python -m benchmarks.streaming [--images=50000] [--steps=300] [--rounds=3]

DANN on two made-up domains of 32 × 32 RGB images each in an `.npy` file, by a small convolutional
network, 64 + 64 images a step. Each way runs in a process of its own, so that its peak memory is
its own; the ways take turns. A second process of each kind stops half-way, is saved and goes on in
a third: its weights must be the same bits.

Expected on two CPU cores: a few minutes.
"""

from __future__ import annotations

import hashlib
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from absl import flags

from benchmarks.output import describe_machine, show_machine, show_table, write_json
from xferlab.core.settings import Setting
from xferlab.data import ArrayFile, StoredRows, TransferTask, domain_from_arrays
from xferlab.data.feeds.resident import to_resident
from xferlab.data.feeds.streamed import Streamed
from xferlab.methods.dann import DANN
from xferlab.models.spec import NetworkSpec
from xferlab.training.checkpoint import Checkpoint
from xferlab.training.options import TrainingOptions
from xferlab.training.run import Member, StageCache, Training

WAYS = ("resident", "streamed", "streamed, 4 ahead")
SIDE = 32
WARM_UP = 20
"""Steps that are not timed: they compile."""
SPEC = NetworkSpec(
    backbone="lenet", input_shape=(SIDE, SIDE, 3), hidden=(16, 32, 64), heads=(("class", 10),)
)


def write_images(folder: Path, count: int) -> None:
    """Writes two files of random images, a thousand at a time."""
    for number in range(2):
        rng = np.random.default_rng(number)
        shape = (count, SIDE, SIDE, 3)
        file = np.lib.format.open_memmap(folder / f"{number}.npy", "w+", np.uint8, shape)
        for begin in range(0, count, 1000):
            file[begin : begin + 1000] = rng.integers(0, 256, file[begin : begin + 1000].shape)


def make_task(folder: Path) -> TransferTask:
    """Returns the task between the two files."""
    domains = []
    for number in range(2):
        rows = StoredRows(ArrayFile(folder / f"{number}.npy"))
        labels = np.arange(len(rows)) % 10
        test = (rows[:1000], labels[:1000])
        domains.append(domain_from_arrays(str(number), rows, labels, test=test))
    return TransferTask("0->1", (domains[0],), domains[1], Setting.UNSUPERVISED_DA)


def start(folder: Path, way: str, steps: int) -> Training:
    """Returns the run before its first step."""
    task = make_task(folder)
    splits = task.training_arrays()
    ahead = 4 if way.endswith("ahead") else 0
    feed = to_resident(splits) if way == "resident" else Streamed.of(splits, prefetch=ahead)
    options = TrainingOptions(steps=steps + WARM_UP, lr=0.01, evaluations=1)
    members = [Member(DANN(), options, 0)]
    return Training(SPEC, members, {task.setting: feed}, task.setting, StageCache())


def peak_mib() -> float:
    """Returns the most memory that this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 2**10
    )


def digest(training: Training) -> str:
    """Returns a digest of all weights."""
    leaves = jax.tree.leaves(training.weights())
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in leaves)).hexdigest()


def run_alone(folder: Path, way: str, steps: int, stop: int) -> dict[str, Any]:
    """Trains in this process; goes on where another one stopped, and stops itself if told to."""
    training = start(folder, way, steps)
    checkpoint = Checkpoint(folder / "checkpoint", way)
    checkpoint.restore(training)
    begun = max(training.step, WARM_UP)
    training.advance(begun)
    begin = time.perf_counter()
    training.advance(stop or steps + WARM_UP)
    seconds = time.perf_counter() - begin
    if stop:
        checkpoint.save(training, [])
    rate = (training.step - begun) / seconds
    return {"steps_per_second": rate, "peak_mib": peak_mib(), "digest": digest(training)}


def call(folder: Path, way: str, values: flags.FlagValues, stop: int = 0) -> dict[str, Any]:
    """Runs a way in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.streaming", f"--folder={folder}", f"--alone={way}"]
    command += [f"--steps={values.steps}", f"--stop={stop}"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(printed.splitlines()[-1])


def measure(folder: Path, values: flags.FlagValues) -> dict[str, list[dict[str, Any]]]:
    """Returns what each way took, round by round."""
    found: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(values.rounds):
        for way in WAYS:
            found[way].append(call(folder, way, values))
    return found


def resumes(folder: Path, values: flags.FlagValues, whole: str) -> bool:
    """Tells whether a streamed run that is stopped half-way ends with the same bits."""
    call(folder, "streamed", values, stop=WARM_UP + values.steps // 2)
    return call(folder, "streamed", values)["digest"] == whole


def rows(found: dict[str, list[dict[str, Any]]]) -> list[list[str]]:
    """Returns the printed cells: medians, and the rate beside the resident one."""
    medians = {
        way: {
            key: statistics.median(each[key] for each in rounds)
            for key in ("steps_per_second", "peak_mib")
        }
        for way, rounds in found.items()
    }
    base = medians["resident"]["steps_per_second"]
    return [
        [
            way,
            f"{own['steps_per_second']:.1f}",
            f"{own['steps_per_second'] / base:.2f}",
            f"{own['peak_mib']:.0f}",
        ]
        for way, own in medians.items()
    ]


def define_flags() -> flags.FlagValues:
    """Returns the flags of the measurement."""
    values = flags.FlagValues()
    flags.DEFINE_integer("images", 50_000, "of each domain", lower_bound=2000, flag_values=values)
    flags.DEFINE_integer("steps", 300, "that are timed", lower_bound=2, flag_values=values)
    flags.DEFINE_integer("rounds", 3, "measurements of each", lower_bound=1, flag_values=values)
    flags.DEFINE_string("folder", "", "images and checkpoint of --alone", flag_values=values)
    flags.DEFINE_string("alone", "", "one way in this process", flag_values=values)
    flags.DEFINE_integer("stop", 0, "step after which --alone saves", flag_values=values)
    flags.DEFINE_string("out", "", "file for the figures as JSON", flag_values=values)
    return values


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, prints and returns the exit status."""
    values = define_flags()
    values(["streaming", *(sys.argv[1:] if argv is None else argv)])
    if values.alone:
        print(json.dumps(run_alone(Path(values.folder), values.alone, values.steps, values.stop)))
        return 0
    machine = describe_machine()
    show_machine(machine)
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), values.images)
        found = measure(Path(folder), values)
        same = resumes(Path(folder), values, found["streamed"][0]["digest"])
    header = ["inputs", "steps/s", "of resident", "peak MiB"]
    show_table(f"DANN on 2 x {values.images} images", header, rows(found))
    print(f"stopped half-way and resumed: {'the same bits' if same else 'OTHER bits'}")
    write_json(values.out, {"machine": machine, "ways": found, "resumes": same})
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
