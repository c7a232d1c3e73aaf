"""Progress bars: what is running, how far it is, how long is left."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from xferlab.benchmark.runs.executor import OnProgress
from xferlab.benchmark.runs.kept import kept_packs
from xferlab.benchmark.runs.outcome import FAILED
from xferlab.benchmark.runs.plan import Pack


@contextlib.contextmanager
def show_progress(
    packs: Sequence[Pack], console: Console, *, lines: bool = True
) -> Iterator[OnProgress]:
    """Shows a bar over all steps of all runs, and one for every pack that is training.

    Args:
        packs: all that will run.
        console: where the bars are.
        lines: whether a line is printed for each finished (task, method) where the output is
            neither a terminal nor a notebook.
    """
    shows_bars = console.is_terminal or console.is_jupyter
    if not (shows_bars or lines):
        yield lambda *_: None
        return
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(elapsed_when_finished=False),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=not shows_bars) as progress:
        yield _Bars(progress, console, packs).report


def show_bars(packs: Sequence[Pack], *, wanted: bool) -> AbstractContextManager[OnProgress]:
    """Shows the bars of a call from Python, in a terminal or a notebook, where they are wanted."""
    if not wanted:
        return contextlib.nullcontext(lambda *_: None)
    return show_progress(packs, Console(stderr=True), lines=False)


class _Bars:
    """The bars of one suite; called from several threads."""

    def __init__(self, progress: Progress, console: Console, packs: Sequence[Pack]):
        self._progress = progress
        self._console = console
        self._lock = threading.Lock()
        steps = {_key(pack): pack.suite_task.training.steps for pack in packs}
        self._steps = steps
        self._total = progress.add_task("all runs, steps", total=sum(steps.values()))
        self._bars: dict[str, object] = {}
        self._done: dict[str, int] = {}
        self._open: dict[str, int] = {}  # Runs of each cell that are not finished.
        for pack in (*kept_packs(packs, width=1), *packs):
            self._open[_cell(pack)] = self._open.get(_cell(pack), 0) + len(pack.runs)

    def report(self, pack: Pack, steps: int, state: str) -> None:
        """Moves the bars of a pack and of the suite by a number of steps."""
        key = _key(pack)
        with self._lock:
            if key not in self._steps:  # Of kept stages: packs that the executor made.
                self._add(pack)
            if state == FAILED:
                steps = self._steps[key] - self._done.get(key, 0)
            self._progress.advance(self._total, steps)
            self._done[key] = self._done.get(key, 0) + steps
            finished = self._done[key] >= self._steps[key]
            self._move_bar(pack, state, finished)
            if finished:
                self._finish(pack)

    def _add(self, pack: Pack) -> None:
        self._steps[_key(pack)] = pack.suite_task.training.steps
        self._progress.update(self._total, total=sum(self._steps.values()))

    def _move_bar(self, pack: Pack, state: str, finished: bool) -> None:
        key = _key(pack)
        if key not in self._bars and not finished:
            title = f"  {_cell(pack)} seed {pack.runs[0][0].seed} ({state})"
            self._bars[key] = self._progress.add_task(title, total=self._steps[key])
        if key in self._bars:
            bar = self._bars[key]
            self._progress.update(bar, completed=self._done[key])  # type: ignore[arg-type]
            if finished:
                self._progress.remove_task(self._bars.pop(key))  # type: ignore[arg-type]

    def _finish(self, pack: Pack) -> None:
        self._open[_cell(pack)] -= len(pack.runs)
        if self._open[_cell(pack)] == 0 and self._progress.disable:
            left = sum(count > 0 for count in self._open.values())
            line = f"done: {_cell(pack)}; {left} of {len(self._open)} cells left"
            self._console.print(line, markup=False, soft_wrap=True)


def _key(pack: Pack) -> str:
    """Returns what tells packs apart, also where the executor gives them features for inputs."""
    return pack.runs[0][0].digest


def _cell(pack: Pack) -> str:
    spec = pack.runs[0][0]
    return f"{spec.method.name} on {spec.task.name}"
