"""Heat maps of gains and losses against the baseline: where transfer helps and where it hurts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from xferlab.benchmark.text.per_task import MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Brown below, near white at and blue-green above zero: told apart by colour-blind readers.
GAIN_COLOURS, NO_TASK_COLOUR = "BrBG", "#c4cad1"
CELL_INCHES, MOST_INCHES = (0.66, 0.34), 11.0


def gain_map_figure(outcomes: pd.DataFrame) -> Figure:
    """Returns the differences to the baseline in points, on a palette that is white at zero.

    One source × target panel per method. Where the tasks fill less than half of that square (as
    ten chosen pairs of thirty domains do), or one has no place there, a single panel shows
    methods × tasks. ▲ and ▼ mark significant gains and losses, the losses are framed; grey is no
    task, or one without a test. Methods trained with target labels are left out.

    Args:
        outcomes: `Comparison.outcomes`: one row per (method, task) with method, target_labels,
            task, its row (source) and column (target), difference_points, gain (positive where
            better) and verdict.
    """
    frame = _lay_out(outcomes.query("not target_labels"))
    rows, columns = list(frame["row"].unique()), _column_order(frame)
    panels = list(frame.groupby("panel", sort=False))
    figure, axes = _canvas(len(panels), len(rows), len(columns))
    limit = max(np.abs(frame["difference_points"].to_numpy()), default=0.0) or 1.0
    for ax, (title, cells) in zip(axes, panels, strict=True):
        ax.set_title(str(title), fontsize=9)
        ax.set_xticks(range(len(columns)), columns, fontsize=7, rotation=25, ha="right")
        ax.set_yticks(range(len(rows)), rows, fontsize=7)
        at = [rows.index(r) for r in cells["row"]], [columns.index(c) for c in cells["column"]]
        _draw_cells(ax, at, cells, (len(rows), len(columns)), limit)
    if any(title for title, _ in panels):
        figure.supxlabel("target", fontsize=8)
        figure.supylabel("source", fontsize=8)
    return figure


def _lay_out(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Returns the outcomes with the panel, the row and the column in which each is drawn."""
    rows, columns, tasks = (set(outcomes[name]) for name in ("row", "column", "task"))
    if "" in columns or len(tasks) < len(rows) * len(columns) / 2:
        return outcomes.assign(panel="", row=outcomes["method"], column=outcomes["task"])
    return outcomes.assign(panel=outcomes["method"])


def _column_order(frame: pd.DataFrame) -> list[str]:
    """Returns the columns, those that are also rows first and in the order of the rows."""
    columns = list(frame["column"].unique())
    shared = [row for row in frame["row"].unique() if row in columns]
    return [*shared, *(column for column in columns if column not in shared)]


def _canvas(panels: int, rows: int, columns: int) -> tuple[Figure, list[Axes]]:
    """Returns a figure with an axes per panel; only the leftmost name their rows."""
    width, height = 0.4 + CELL_INCHES[0] * columns, 0.8 + CELL_INCHES[1] * rows
    across = max(1, min(panels, int(MOST_INCHES / width)))
    down = max(1, math.ceil(panels / across))
    figure = Figure(figsize=(0.9 + across * width, down * height), dpi=90, layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for ax in grid[:, 1:].flat:
        ax.tick_params(labelleft=False)
    for unused in grid.flat[panels:]:
        unused.remove()
    return figure, list(grid.flat[:panels])


def _draw_cells(
    ax: Axes,
    at: tuple[list[int], list[int]],
    cells: pd.DataFrame,
    shape: tuple[int, int],
    limit: float,
) -> None:
    """Draws the cells of one panel, each with its number and mark, a loss with its frame."""
    points, gains = np.full(shape, np.nan), np.full(shape, np.nan)
    points[at], gains[at] = cells["difference_points"], cells["gain"]
    ax.imshow(gains, cmap=GAIN_COLOURS, vmin=-limit, vmax=limit, aspect="auto")
    ax.set_facecolor(NO_TASK_COLOUR)
    for row, column, verdict in zip(*at, cells["verdict"], strict=True):
        value = points[row, column]
        text = f"{value:+.1f} {MARKS[verdict]}".rstrip()
        colour = "white" if abs(value) > 0.7 * limit else "black"
        ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour)
        if verdict == "worse":
            corner = (column - 0.46, row - 0.46)
            ax.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, edgecolor="black", lw=1.8))
