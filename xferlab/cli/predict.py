"""`xferlab predict`: what a trained run makes of a file or a folder."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from absl import flags
from scipy.special import softmax

from xferlab.benchmark.trained.run import TrainedRun, load_run
from xferlab.cli.parsing import parse
from xferlab.core.errors import InputError
from xferlab.core.files import disk_errors, write_aside
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import SOURCE, TARGET
from xferlab.data.classes import UNKNOWN
from xferlab.data.readers.later import read_later


def define_flags() -> flags.FlagValues:
    """Returns the command's flags."""
    values = flags.FlagValues()
    flags.DEFINE_string(
        "run", None, "folder of a trained run, such as runs/DIGEST", flag_values=values
    )
    flags.DEFINE_string(
        "inputs", None, "folder of images, .csv, .npz with x, or .npy", flag_values=values
    )
    flags.DEFINE_string(
        "out", "predictions.csv", "CSV file: row, class, probability", flag_values=values
    )
    flags.DEFINE_enum(
        "role", TARGET, [TARGET, SOURCE], "whose inputs they are like", flag_values=values
    )
    flags.DEFINE_string("sep", ",", "what stands between the cells of a .csv", flag_values=values)
    flags.DEFINE_string(
        "method", None, "of a run by a method of your own: path/to/file.py:Class",
        flag_values=values,
    )  # fmt: skip
    return values


def run(argv: Sequence[str]) -> int:
    """Predict a file or a folder with a trained run."""
    values = define_flags()
    parse(values, argv)
    for name, example in (("run", "runs/DIGEST"), ("inputs", "photos/")):
        if values[name].value is None:
            raise InputError(f"--{name} is missing; give --{name}={example}")
    out = Path(values.out).expanduser()
    trained = load_run(values.run, method=values.method)
    network, role = trained.spec.network, values.role
    reads = network.of_target if role == TARGET else network
    if len(reads.branches) > 1:
        raise InputError(
            "the run reads inputs of several kinds, which no single file holds. Predict from"
            " Python: xferlab.load_run(folder).predict(xferlab.Modalities(...))"
        )
    later = read_later(
        values.inputs,
        shape=reads.input_shape,
        columns=trained.preparation[role].columns,
        sep=values.sep,
    )
    output = trained.outputs(later.inputs, role=role)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_rows(trained, later.names, output))
    with disk_errors(out):
        write_aside(out, text.getvalue().encode())
    print(f"{len(later.names)} predictions: {out.resolve()}")
    return 0


def _rows(trained: TrainedRun, names: Sequence[str], output: HostOutput) -> Iterator[list[Any]]:
    """Yields the header and a row for each example: its class, and what further heads say."""
    others = trained.heads[1:]
    yield ["row", "class", "probability", *_columns(others)]
    shares = softmax(output.logits, axis=1)
    for place, (name, label) in enumerate(zip(names, output.classes, strict=True)):
        known = label < len(shares[place])
        share = f"{shares[place, label]:.6f}" if known else ""
        told = trained.heads[0].names[label] if known else UNKNOWN
        values = zip(others, output.others, strict=True)
        yield [name, told, share, *(v for head, own in values for v in _values(head, own[place]))]


def _columns(heads: Sequence[Any]) -> Iterator[str]:
    for head in heads:
        parts = head.names or [str(number) for number in range(head.size)]
        single = head.kind == "classes" or head.size == 1
        yield from [head.name] if single else [f"{head.name}/{part}" for part in parts]


def _values(head: Any, outputs: Any) -> Iterator[str]:
    """Yields what a further head says of one example: a class, probabilities, or numbers."""
    if head.kind == "classes":
        label = int(outputs.argmax())
        yield head.names[label] if head.names else str(label)
    elif head.kind == "labels":
        yield from (f"{1 / (1 + math.exp(-value)):.6f}" for value in outputs)
    else:
        yield from (f"{value:.6g}" for value in outputs)
