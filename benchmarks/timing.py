"""Contestants timed in turn, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

LEAST_SECONDS = 0.3
"""A measurement takes at least about this long."""


class Contestant(NamedTuple):
    """Something that trains.

    Attributes:
        name: unique among its rivals.
        start: returns a new state; not timed. Every measurement begins with one, so all do the
            same work.
        advance: trains a state for a number of steps and returns once the last is done.
        runs: number of training runs that a state holds; times are per step of one of them.
    """

    name: str
    start: Callable[[], Any]
    advance: Callable[[Any, int], None]
    runs: int = 1


Rounds = dict[str, list[float]]
"""Seconds per step and run of every contestant in every round."""


def measure(contestant: Contestant, steps: int) -> float:
    """Returns seconds per step and run over a number of steps from a new state."""
    state = contestant.start()
    begin = time.perf_counter()
    contestant.advance(state, steps)
    return (time.perf_counter() - begin) / (steps * contestant.runs)


def choose_steps(contestant: Contestant) -> int:
    """Returns how many steps take about `LEAST_SECONDS`, after a first run that compiles."""
    measure(contestant, 5)
    return max(5, round(LEAST_SECONDS / (measure(contestant, 5) * contestant.runs)))


def time_in_turn(contestants: Sequence[Contestant], rounds: int, steps: int) -> Rounds:
    """Measures A, B, C, ..., A, B, C, ... and returns every round.

    Args:
        contestants: who is measured, in this order in every round.
        rounds: number of rounds, after one that is thrown away.
        steps: steps of each measurement; 0 chooses for each contestant by time.
    """
    lengths = [steps or choose_steps(contestant) for contestant in contestants]
    for contestant, length in zip(contestants, lengths, strict=True):
        measure(contestant, length)
    seconds: Rounds = {contestant.name: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant, length in zip(contestants, lengths, strict=True):
            seconds[contestant.name].append(measure(contestant, length))
    return seconds


def ratio(seconds: Mapping[str, Sequence[float]], name: str, baseline: str) -> float:
    """Returns the median over rounds of a contestant's time by the baseline's in that round."""
    pairs = zip(seconds[name], seconds[baseline], strict=True)
    return statistics.median(mine / theirs for mine, theirs in pairs)


def median_ms(seconds: Mapping[str, Sequence[float]], name: str) -> float:
    """Returns a contestant's median milliseconds per step."""
    return 1000 * statistics.median(seconds[name])


def least_ms(seconds: Mapping[str, Sequence[float]], name: str) -> float:
    """Returns a contestant's milliseconds per step in its best round: the least disturbed one."""
    return 1000 * min(seconds[name])
