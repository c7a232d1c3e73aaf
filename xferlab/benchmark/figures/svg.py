"""Small drawings as SVG text: lines over steps, and points in a plane.

A report has hundreds of them; written by hand they take a few kilobytes and no time. Colours are
those of `plots`. They stand on white, also on a dark page. What stands between their marks is
filled in by `Markup.format`, which escapes every text that is no drawing itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from markupsafe import Markup

from xferlab.benchmark.figures.panels import CLASS_COLOURS, DOMAINS, LINE_COLOURS

WIDTH, HEIGHT, SIDE = 260, 130, 200
LEFT, RIGHT, TOP, BOTTOM = 38, 254, 8, 112
MOST_POINTS = 80
"""Points that are drawn of one line, evenly from it with both ends."""
_PANEL = Markup(
    '<figure><figcaption>{name}</figcaption><svg class="{kind}" viewBox="0 0 {width} {height}"'
    ' role="img" aria-label="{words}">{drawn}</svg></figure>'
)
_LINE = Markup('<path class="line" stroke="{}" d="{}"/>')
_AXIS = Markup('<path class="axis" d="{}"/>')
_LABEL = Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>')
_DOTS = Markup('<path class="dots" stroke="{}" d="{}"><title>{}</title></path>')
_TRIANGLES = Markup('<path class="triangles" fill="{}" d="{}"><title>{}</title></path>')


@dataclass(frozen=True, eq=False)
class Line:
    """Values over steps, and the number of its colour; values that are not finite are gaps."""

    colour: int
    steps: Sequence[float]
    values: Sequence[float]


def colour_of(number: int) -> str:
    """Returns the colour of a line."""
    return LINE_COLOURS[number % len(LINE_COLOURS)]


def line_chart(name: str, lines: Sequence[Line]) -> Markup:
    """Returns a panel with its name; '' where no value is finite."""
    values = np.concatenate([np.asarray(line.values, float) for line in lines])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return Markup()
    low, high = float(finite.min()), float(finite.max())
    first = min(line.steps[0] for line in lines if line.steps)
    last = max(line.steps[-1] for line in lines if line.steps)
    box = (first, last, low, high)
    drawn = [_LINE.format(colour_of(line.colour), _path(line, box)) for line in lines]
    words = (
        f"{name}: {len(lines)} runs from step {first} to {last}, between {low:.3g} and {high:.3g}"
    )
    labels = (
        _LABEL.format(LEFT - 3, TOP + 6, "end", f"{high:.3g}"),
        _LABEL.format(LEFT - 3, BOTTOM, "end", f"{low:.3g}"),
        _LABEL.format(LEFT, BOTTOM + 12, "start", first),
        _LABEL.format(RIGHT, BOTTOM + 12, "end", f"step {last}"),
    )
    axis = _AXIS.format(f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")
    return _panel(name, words, "chart", (WIDTH, HEIGHT), (axis, *labels, *drawn))


def domain_points(
    name: str, points: Float[np.ndarray, "n 2"], domain: Int[np.ndarray, " n"]
) -> Markup:
    """Returns points in the colour and the shape of their domain."""
    groups = (
        (colour, shape, domain == value, words)
        for value, (words, shape, colour) in enumerate(DOMAINS)
    )
    return _points(name, points, groups)


def class_points(
    name: str,
    points: Float[np.ndarray, "n 2"],
    domain: Int[np.ndarray, " n"],
    labels: Int[np.ndarray, " n"],
    names: Sequence[str],
) -> Markup:
    """Returns points in the colour of their class and the shape of their domain.

    `names` has the name of every class, label i the i-th; a pointer on a point shows it.
    """
    groups = (
        (class_colour(label, len(names)), shape, (labels == label) & (domain == value), words)
        for label, words in enumerate(names)
        for value, (_, shape, _) in enumerate(DOMAINS)
    )
    return _points(name, points, groups)


def _points(
    name: str, points: np.ndarray, groups: Iterable[tuple[str, str, np.ndarray, str]]
) -> Markup:
    """Returns a panel of points: groups of (colour, shape, which of the points, name)."""
    low, spread = points.min(axis=0), np.ptp(points, axis=0)
    places = (
        (8 + (SIDE - 16) * (points - low) / np.where(spread > 0, spread, 1)).round().astype(int)
    )
    drawn = [
        _group(colour, shape, places[chosen], words) for colour, shape, chosen, words in groups
    ]
    return _panel(name, name, "points", (SIDE, SIDE), drawn)


def _panel(
    name: str, words: str, kind: str, size: tuple[int, int], drawn: Iterable[Markup]
) -> Markup:
    """Returns a drawing under its name, with words for readers who do not see it."""
    width, height = size
    inside = Markup().join(drawn)
    return _PANEL.format(
        name=name, kind=kind, width=width, height=height, words=words, drawn=inside
    )


def _group(colour: str, shape: str, places: np.ndarray, words: str) -> Markup:
    """Returns the points of one colour and shape as a single path with a name; '' for none."""
    if not len(places):
        return Markup()
    if shape == "o":
        return _DOTS.format(colour, "".join(f"M{x} {y}h0" for x, y in places), words)
    path = "".join(f"M{x} {y - 3}l3 5h-6z" for x, y in places)
    return _TRIANGLES.format(colour, path, words)


def class_colour(label: int, count: int) -> str:
    """Returns the colour of a class: a qualitative palette up to ten, even hues beyond."""
    if count <= len(CLASS_COLOURS):
        return CLASS_COLOURS[label]
    return f"hsl({360 * label // count} 60% 42%)"


def _path(line: Line, box: tuple[float, float, float, float]) -> str:
    """Returns the path of a line inside a box of (first step, last step, low, high)."""
    return "".join(f"M{' '.join(piece)}" for piece in _pieces(line, box))


def _pieces(line: Line, box: tuple[float, float, float, float]) -> Iterator[list[str]]:
    """Yields the places of each stretch of finite values."""
    first, last, low, high = box
    kept = np.unique(np.linspace(0, len(line.steps) - 1, MOST_POINTS).astype(int))
    x = LEFT + (RIGHT - LEFT) * (np.asarray(line.steps)[kept] - first) / max(last - first, 1)
    y = BOTTOM - (BOTTOM - TOP) * (np.asarray(line.values, float)[kept] - low) / (high - low or 1)
    piece: list[str] = []
    for across, up in zip(x, y, strict=True):
        if np.isfinite(up):
            piece.append(f"{across:.0f} {up:.1f}")
        elif piece:
            yield piece
            piece = []
    if piece:
        # A single value is drawn as a short stroke.
        yield piece if len(piece) > 1 else [*piece, piece[0]]
