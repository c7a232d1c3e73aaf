"""What xferlab costs and gains on the device at hand, within minutes, on one page.

    python -m benchmarks.device --minutes=8 --out=FOLDER [--data_dir=DATA] [--tiny]

From a checkout, without installation; jax, flax, optax, orbax-checkpoint, absl-py, rich, etils,
jaxtyping, filelock, NumPy, SciPy, scikit-learn, pandas, matplotlib and Pillow must be there. In
order of worth: a suite end to end; the DANN step against a minimal one and PyTorch; stacks of seeds
by every formulation of convolutions; bfloat16; MNIST, USPS and MNIST-M from the plain files of
`--data_dir`, for as many steps as the rest of the time allows. `device.md` and `device.json` are
written after every table, so that a run that is cut off leaves what it had; a part that fails says
why, and the next one goes on. `--tiny` takes the smallest sizes, for a test on two CPU cores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from benchmarks.device.measure import PARTS, measure_all
from benchmarks.device.request import Request
from xferlab.core.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """Measures, and returns 0 if every part was measured, 1 if one failed or was cut off."""
    typed = list(sys.argv[1:] if argv is None else argv)
    values = _parse(typed)
    order = Request(
        tiny=values.tiny,
        seconds=0.0,
        data_dir=str(Path(values.data_dir).resolve()) if values.data_dir else "",
        out=str(Path(values.out).resolve()),
    )
    shown = [text for text in typed if not text.startswith(("--out", "--data_dir"))]
    command = " ".join(["python -m benchmarks.device", *shown])
    try:
        parts = measure_all(
            PARTS, minutes=values.minutes, order=order, command=command, report=_say
        )
    except InputError as error:
        raise SystemExit(f"device: {error}") from error
    print(f"page: {Path(values.out) / 'device.md'}")
    return 0 if all(part.outcome == "Measured" for part in parts) else 1


def _say(text: str) -> None:
    print(text, flush=True)


def _parse(argv: Sequence[str]) -> flags.FlagValues:
    values = flags.FlagValues()
    flags.DEFINE_float(
        "minutes", 8.0, "for everything", lower_bound=0.1, upper_bound=600.0, flag_values=values
    )
    flags.DEFINE_string("out", "device", "folder of the page", flag_values=values)
    flags.DEFINE_string(
        "data_dir", "", "folder of the data sets; empty: handwritten digits of the package",
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_boolean("tiny", False, "smallest sizes", flag_values=values)
    if "--help" in argv:
        print(__doc__, values.get_help(), sep="\n")
        raise SystemExit(0)
    try:
        rest = values(["device", *argv])[1:]
        if rest:
            raise flags.Error(f"{rest[0]!r} is no flag; give --minutes, --out, --data_dir, --tiny")
        if values.data_dir and not Path(values.data_dir).is_dir():
            raise flags.Error(f"data_dir {values.data_dir!r} is no folder")
    except flags.Error as error:
        raise SystemExit(f"device: {error}") from error
    return values


if __name__ == "__main__":
    sys.exit(main())
