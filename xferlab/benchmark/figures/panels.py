"""Figures of a report: features, learning curves, heat maps, confusion matrices, decision regions.

Every function returns a `matplotlib.figure.Figure`; none touches pyplot or writes a file. Domains
differ by marker and colour, the palettes are safe for colour-blind readers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int, Shaped
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from xferlab.benchmark.store.records import Curve, Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Wong, Nature Methods 2011, for domains and lines; Tol's "muted" scheme for classes.
LINE_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")
CLASS_COLOURS = (
    *("#332288", "#cc6677", "#117733", "#88ccee", "#882255"),
    *("#ddcc77", "#44aa99", "#aa4499", "#999933", "#777777"),
)
DOMAINS = (("source", "o", LINE_COLOURS[0]), ("target", "^", LINE_COLOURS[1]))
MAX_POINTS = 150
MOST_LETTERS = 8
"""Of the name of a class beside a panel."""


def project(features: Float[np.ndarray, "n d"]) -> np.ndarray:
    """Returns features in two dimensions [n, 2]: t-SNE of their leading 30 principal components.

    Deterministic. Features without spread, with less than 3 dimensions, or of fewer than 10
    examples are left to PCA alone.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    features = np.asarray(features, np.float64)
    n, d = features.shape
    if not np.ptp(features, axis=0).any():
        return np.zeros((n, 2))
    components = PCA(min(30, n, d), svd_solver="full").fit_transform(features)
    if n < 10 or d < 3:
        return np.pad(components, ((0, 0), (0, 1)))[:, :2]
    with threadpool_limits(1):  # on a busy machine its OpenMP threads wait for one another
        # From the PCA plane 250 plain steps converge; exaggeration would need as many again.
        tsne = TSNE(
            perplexity=min(20, (n - 1) / 3), early_exaggeration=1, learning_rate=n / 5,
            max_iter=250, random_state=0,
        )  # fmt: skip
        return tsne.fit_transform(components)


def curves_figure(curves: Mapping[str, Curve]) -> Figure:
    """Returns one panel per method with every named loss term over the training steps."""
    figure, panels = _panels(curves, width=3.4, height=2.5)
    for ax, (method, curve) in panels:
        for index, (name, values) in enumerate(curve.terms.items()):
            colour = LINE_COLOURS[index % len(LINE_COLOURS)]
            style = LINE_STYLES[index % len(LINE_STYLES)]
            finite = np.where(np.isfinite(values), values, np.nan)
            ax.plot(curve.steps, finite, style, color=colour, label=name, linewidth=1.3)
        ax.set_title(method, fontsize=9)
        ax.set_xlabel("step", fontsize=8)
        ax.tick_params(labelsize=7)
        ax.grid(alpha=0.3)
        if curve.terms:
            ax.legend(fontsize=7, loc="upper right")
    return figure


def heat_map_figure(values: Mapping[str, Mapping[tuple[str, str], float]]) -> Figure:
    """Returns one source × target map per method, in percent.

    Args:
        values: Method → (source, target) → a value in percent; pairs that no task has and values
            that are NaN stay empty.
    """
    pairs = [pair for places in values.values() for pair in places]
    sources, targets = (list(dict.fromkeys(pair[side] for pair in pairs)) for side in (0, 1))
    width, height = 1.1 + 0.5 * len(targets), 1.0 + 0.3 * len(sources)
    known = [v for each in values.values() for v in each.values() if np.isfinite(v)] or [0.0]
    figure, panels = _panels(values, width=width, height=height)
    for ax, (method, places) in panels:
        grid = np.full((len(sources), len(targets)), np.nan)
        for (source, target), value in places.items():
            grid[sources.index(source), targets.index(target)] = value
        image = ax.imshow(grid, cmap="cividis", vmin=min(known), vmax=max(known), aspect="auto")
        _write_values(ax, grid, image)
        ax.set_title(method, fontsize=9)
        ax.set_xticks(range(len(targets)), targets, fontsize=7, rotation=25, ha="right")
        ax.set_yticks(range(len(sources)), sources, fontsize=7)
    figure.supxlabel("target", fontsize=8)
    figure.supylabel("source", fontsize=8)
    return figure


def confusion_figure(
    matrices: Mapping[str, Shaped[np.ndarray, "k k"]], names: Sequence[str] = ()
) -> Figure:
    """Returns one confusion matrix per method; every row (true class) is divided by its sum.

    `names` has the names of the classes; numbers stand for them where they are fewer.
    """
    figure, panels = _panels(matrices, width=2.3, height=2.4)
    image = None
    for ax, (method, counts) in panels:
        rows = np.maximum(counts.sum(axis=1, keepdims=True), 1)
        image = ax.imshow(counts / rows, cmap="cividis", vmin=0, vmax=1)
        ax.set_title(method, fontsize=9)
        ticks = range(0, len(counts), max(1, math.ceil(len(counts) / 10)))
        words = [_short(names[t]) if len(names) >= len(counts) else str(t) for t in ticks]
        turned = 90 if max(map(len, words)) > 2 else 0
        ax.set_xticks(ticks, words, fontsize=7 if not turned else 6, rotation=turned)
        ax.set_yticks(ticks, words, fontsize=7 if not turned else 6)
    figure.supxlabel("predicted class", fontsize=8)
    figure.supylabel("true class", fontsize=8)
    if image is not None:
        inch = 1 / (figure.get_figwidth() - 0.9)  # As a share of what the panels fill.
        bar = figure.colorbar(image, ax=figure.axes, fraction=0.1 * inch, pad=0.4 * inch)
        bar.ax.yaxis.set_ticks_position("left")
        bar.ax.tick_params(labelsize=7)
    return figure


def planes_figure(planes: Mapping[str, Plane], names: Sequence[str] = ()) -> Figure:
    """Returns one panel per method: decision regions under the examples of both domains.

    `names` has the names of the classes, for the legend.
    """
    figure, panels = _panels(planes, width=3.2, height=2.7)
    for ax, (method, plane) in panels:
        colours = _class_colours(int(max(plane.classes.max(), plane.labels.max())) + 1)
        ax.pcolormesh(
            plane.x, plane.y, plane.classes, cmap=ListedColormap(colours), alpha=0.25,
            vmin=-0.5, vmax=len(colours) - 0.5, shading="nearest", linewidth=0,
        )  # fmt: skip
        _scatter_classes(ax, plane.points, plane.domain, plane.labels)
        ax.set_title(method, fontsize=9)
        ax.tick_params(labelsize=7)
    if figure.axes:
        colours = _class_colours(len(names)) if len(names) <= len(CLASS_COLOURS) else []
        classes = [Patch(color=c, label=n) for c, n in zip(colours, names, strict=False)]
        domains = figure.axes[0].get_legend_handles_labels()[0]
        figure.axes[0].legend(handles=[*domains, *classes], fontsize=6, loc="upper right")
    return figure


def _short(name: str) -> str:
    """Returns a name that fits beside a panel."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"


def _panels(items: Mapping, *, width: float, height: float) -> tuple[Figure, Iterator]:
    """Returns a figure at most 11 inches wide with a panel per item, and (axes, item) pairs.

    Margins are given in inches: matplotlib's own layout would draw everything three times.
    """
    columns = max(1, min(len(items), int(11 / width)))
    rows = max(1, math.ceil(len(items) / columns))
    total_width, total_height = columns * width + 0.3, rows * height + 0.3
    figure = Figure(figsize=(total_width, total_height), dpi=90)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    figure.subplots_adjust(
        left=0.8 / total_width, right=1 - 0.1 / total_width, wspace=0.5 / (width - 0.5),
        bottom=0.65 / total_height, top=1 - 0.3 / total_height, hspace=0.65 / (height - 0.65),
    )  # fmt: skip
    for unused in axes[len(items) :]:
        unused.remove()
    return figure, zip(axes, items.items(), strict=False)


def _scatter_classes(
    ax: Axes, points: np.ndarray, domain: Int[np.ndarray, " n"], labels: Int[np.ndarray, " n"]
) -> None:
    """Draws points coloured by class, with the marker of their domain; 400 of them stay legible."""
    colours = np.array(_class_colours(int(labels.max()) + 1))
    for value, (name, marker, _) in enumerate(DOMAINS):
        inside = domain == value
        ax.scatter(
            *points[inside].T, s=12, marker=marker, c=colours[labels[inside]], alpha=0.75,
            linewidths=0, label=name,
        )  # fmt: skip


def _class_colours(count: int) -> list:
    """Returns a colour per class: a qualitative palette up to ten, an even scale beyond."""
    from matplotlib import colormaps

    if count <= len(CLASS_COLOURS):
        return list(CLASS_COLOURS[:count])
    return [tuple(colour) for colour in colormaps["viridis"](np.linspace(0, 1, count))]


def _write_values(ax: Axes, grid: np.ndarray, image) -> None:
    """Writes every value of a heat map into its cell, light on dark and dark on light."""
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            colour = "white" if image.norm(value) < 0.6 else "black"
            ax.text(column, row, f"{value:.0f}", ha="center", va="center", fontsize=8, color=colour)
