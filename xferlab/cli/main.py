"""The console command `xferlab COMMAND [--flags]`."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from logging import INFO, StreamHandler, getLogger
from pathlib import Path

from absl import flags, logging

from xferlab.cli.console import accept_any_text, discard_output
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.version import VERSION

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_NO_READER = 141
EXIT_TERMINATED = 143


SUMMARIES = {
    "bench": "Run a suite: every task, method and seed that is not recorded yet; then its report.",
    "train": "Train one method on one task of a suite, or on your own data; print its course.",
    "predict": "Predict a file or a folder with a trained run.",
    "report": "Make tables and the HTML report anew from the finished runs of a folder.",
    "data": "Data sets: xferlab data list, prepare NAME..., check [NAME...], import FOLDER.",
    "list": "List suites, tasks, domains, methods, recipes, networks, validators.",
    "cite": "Print the BibTeX entry of the paper of a method or a recipe.",
}
"""What each command does, in at most 70 characters or so: what is printed without importing it."""
EXAMPLES = (
    "bench --suite=quick --out=runs",
    "train --source=lab.csv --target=field.csv --method=dann --out=runs",
    "predict --run=runs/RUN --inputs=new.csv --out=predictions.csv",
    "report --out=runs",
)


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM); it stops as it does where the user interrupts."""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status.

    0, 2 for bad input, 130 if interrupted, 143 if terminated, 141 if the reader of the output went.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    accept_any_text((sys.stdout, sys.stderr))
    try:
        with stop_on_termination():
            status = _run_command(arguments)
        for stream in filter(None, (sys.stdout, sys.stderr)):  # None where it is closed.
            stream.flush()
    except BrokenPipeError:
        discard_output()
        return EXIT_NO_READER
    except KeyboardInterrupt as stopped:
        terminated = isinstance(stopped, Terminated)
        words = ["terminated" if terminated else "interrupted", *filter(None, [str(stopped)])]
        print(f"{': '.join(words)}; the same command goes on from here", file=sys.stderr)
        return EXIT_TERMINATED if terminated else EXIT_INTERRUPTED
    return status


def _run_command(arguments: Sequence[str]) -> int:
    """Runs one command; 0, or 2 for bad input."""
    # What fails in Orbax's threads and tasks reaches us as an exception; once is enough.
    logging.set_verbosity(logging.FATAL)
    getLogger("asyncio").setLevel("CRITICAL")
    if arguments == ["--version"]:
        print(f"xferlab {VERSION}")
        return 0
    if arguments[:1] == ["help"] and len(arguments) > 1:
        arguments = [arguments[1], "--help"]
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else EXIT_BAD_INPUT
    try:
        use_compilation_cache()
        command = load_commands()[arguments[0]]
        with own_messages():
            return command(arguments) or 0
    except (InputError, flags.Error) as error:
        print(f"xferlab {arguments[0]}: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


def run() -> None:
    """Entry point of the console script."""
    status = main()
    if status in (EXIT_INTERRUPTED, EXIT_TERMINATED):
        sys.stderr.flush()
        os._exit(status)  # Threads that train or compile would be waited for.
    sys.exit(status)


@contextlib.contextmanager
def stop_on_termination() -> Iterator[None]:
    """Raises Terminated in the main thread on SIGTERM, unless someone else handles that."""
    own = threading.current_thread() is threading.main_thread()
    if not own or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def stop(number: int, frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextlib.contextmanager
def own_messages() -> Iterator[None]:
    """Prints what the package says of long preparations on the error stream."""
    own, handler = getLogger("xferlab"), StreamHandler()
    before = own.level, own.propagate
    own.setLevel(INFO)
    own.propagate = False  # Other packages put handlers of theirs above.
    own.addHandler(handler)
    try:
        yield
    finally:
        own.removeHandler(handler)
        own.level, own.propagate = before


Command = Callable[[Sequence[str]], int | None]


def load_commands() -> NameTable[Command]:
    """Returns the commands by name; they are imported here, when one is needed."""
    from xferlab.cli import bench, cite, data, listing, predict, report, train

    return NameTable(
        "command",
        {
            "bench": bench.run,
            "train": train.run,
            "predict": predict.run,
            "report": report.run,
            "data": data.run,
            "list": listing.run,
            "cite": cite.run,
        },
    )


def usage() -> str:
    """Returns the overview of commands."""
    lines = [f"  {name:8s}{summary}" for name, summary in SUMMARIES.items()]
    return "\n".join(
        [
            *("usage: xferlab COMMAND [--flags]", "", *lines, "", "examples:"),
            *(f"  xferlab {example}" for example in EXAMPLES),
            *("", "xferlab COMMAND --help: its flags; xferlab --version: which one this is"),
        ]
    )


def use_compilation_cache() -> None:
    """Keeps compiled programs in the user's cache folder, unless JAX is configured otherwise.

    JAX reads these variables when it is first imported, so this comes before the commands.
    """
    if "JAX_COMPILATION_CACHE_DIR" in os.environ:
        return
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(Path(home) / "xferlab" / "programs")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
