"""The critical-difference diagram: mean ranks of methods, with bars over those that do not differ.

References:
    Demšar: Statistical Comparisons of Classifiers over Multiple Data Sets, Journal of Machine
    Learning Research 2006 (`demsar2006statistical`), figure 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from xferlab.benchmark.figures.panels import LINE_COLOURS
from xferlab.benchmark.tables.over_tasks import Comparison
from xferlab.core.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Heights in lines of text, downwards from the axis at 0.
BAR_STEP, NAME_STEP = 0.5, 1.0
TOP = -3.4
AXIS_INCHES, LINE_INCHES, CHARACTER_INCHES = 6.0, 0.2, 0.085
INK, DIFFERENCE_COLOUR, BAR_COLOUR = "#1b1f24", LINE_COLOURS[1], LINE_COLOURS[0]


def rank_figure(comparison: Comparison) -> Figure:
    """Returns the critical-difference diagram of a comparison.

    Rank 1 (best) is on the left; the better half of the methods is named there, the others on the
    right. A thick bar joins methods that do not differ, the length of CD stands above the axis, the
    baseline is bold.

    Raises:
        InputError: If the comparison has no ranks.
    """
    length = comparison.critical_difference
    if length is None:
        raise InputError(
            "the comparison has no ranks to draw: " + " ".join(comparison.notes) + " Check"
            " critical_difference before you draw."
        )
    methods = comparison.methods.dropna(subset="mean_rank").sort_values("mean_rank", kind="stable")
    ranks = dict(zip(methods["method"], methods["mean_rank"], strict=True))
    first_name = BAR_STEP * len(comparison.groups) + 1.2
    bottom = first_name + NAME_STEP * math.ceil(len(ranks) / 2)
    figure, ax = _canvas(ranks, max(len(ranks), 1 + length), bottom)
    _draw_axis(ax, len(ranks))
    _draw_difference(ax, length)
    for level, group in enumerate(comparison.groups):
        height = 0.6 + BAR_STEP * level
        ends = [ranks[group[0]] - 0.03, ranks[group[-1]] + 0.03]
        ax.plot(ends, [height, height], color=BAR_COLOUR, linewidth=3.5, solid_capstyle="butt")
    _name_methods(ax, ranks, first_name, comparison.spec.baseline)
    return figure


def _canvas(ranks: Mapping[str, float], right: float, bottom: float) -> tuple[Figure, Axes]:
    """Returns a figure whose axes run from rank 1 to `right`, with room for names at both sides."""
    margin = 0.45 + CHARACTER_INCHES * (5 + max(len(name) for name in ranks))
    width, height = AXIS_INCHES + 2 * margin, LINE_INCHES * (bottom - TOP)
    figure = Figure(figsize=(width, height), dpi=90)
    ax = figure.add_axes((margin / width, 0.0, AXIS_INCHES / width, 1.0))
    ax.set_xlim(1, right)
    ax.set_ylim(bottom, TOP)
    ax.axis("off")
    return figure, ax


def _draw_axis(ax: Axes, methods: int) -> None:
    """Draws the axis of ranks with a labelled tick per rank."""
    ax.plot([1, methods], [0, 0], color=INK, linewidth=1.2, clip_on=False)
    for rank in range(1, methods + 1):
        ax.plot([rank, rank], [0, -0.35], color=INK, linewidth=1.2, clip_on=False)
        ax.text(rank, -0.45, str(rank), ha="center", va="bottom", fontsize=8, color=INK)
    ax.annotate("mean rank", (1, 0), xytext=(-9, 0), textcoords="offset points", ha="right",
                va="center", fontsize=8, color=INK, style="italic")  # fmt: skip


def _draw_difference(ax: Axes, length: float) -> None:
    """Draws the critical difference to scale above the axis."""
    style = {"color": DIFFERENCE_COLOUR, "linewidth": 1.4, "clip_on": False}
    ax.plot([1, 1 + length], [-2.0, -2.0], **style)
    for end in (1, 1 + length):
        ax.plot([end, end], [-2.25, -1.75], **style)
    ax.text(1 + length / 2, -2.2, f"CD = {length:.2f}", ha="center", va="bottom", fontsize=8)


def _name_methods(ax: Axes, ranks: Mapping[str, float], first: float, baseline: str) -> None:
    """Leads from every rank to the name of its method: the better half left, the others right."""
    half = math.ceil(len(ranks) / 2)
    right = ax.get_xlim()[1]
    for index, (method, rank) in enumerate(ranks.items()):
        left = index < half
        row = index if left else len(ranks) - 1 - index
        height = first + NAME_STEP * row
        edge, side = (1, "right") if left else (right, "left")
        ax.plot([rank, rank, edge], [0, height, height], color=INK, linewidth=0.8, clip_on=False)
        ax.annotate(
            f"{method} ({rank:.2f})", (edge, height), xytext=(-5 if left else 5, 0),
            textcoords="offset points", ha=side, va="center", fontsize=8.5, color=INK,
            weight="bold" if method == baseline else "normal",
        )  # fmt: skip
