"""What the page of a cell shows in pictures: learning curves, confusion and features.

`templates/pictures.html` has the markup; drawings are SVG already.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from xferlab.benchmark.figures import svg as report_svg
from xferlab.benchmark.figures.panels import MAX_POINTS, project
from xferlab.benchmark.figures.svg import Line
from xferlab.benchmark.html import elements as page
from xferlab.benchmark.html.elements import Entry, Grid, Picture
from xferlab.benchmark.store.records import Embedding, RunRecord
from xferlab.core.draws import draw_stratified
from xferlab.evaluation.metric_table import Metric

MOST_CLASSES = 12
"""Classes whose confusion is a table of numbers; with more it is an image."""
MOST_CONFUSIONS = 10
SHADES = 10


def curve_panels(runs: Sequence[RunRecord], metric: Metric) -> Sequence[str]:
    """Returns the metric at every evaluation and every named loss term, drawn, a line a run."""
    scored = [
        Line(
            run.seed,
            [evaluation.step for evaluation in run.evaluations],
            [metric.scale * each.metrics[metric.name] for each in run.evaluations],
        )
        for run in runs
        if len(run.evaluations) > 1
    ]
    title = f"{metric.words}, on target test"
    panels = [report_svg.line_chart(title, scored)] if scored else []
    names = dict.fromkeys(name for run in runs for name in run.curve.terms)
    for name in names:
        lines = [
            Line(run.seed, run.curve.steps, run.curve.terms[name])
            for run in runs
            if name in run.curve.terms and run.curve.steps
        ]
        panels += [report_svg.line_chart(f"loss term {name}, unweighted", lines)] if lines else []
    return panels


def confusion(counts: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Returns a confusion matrix: a table of counts, for many classes an image.

    Args:
        counts: Rows true and columns predicted class.
        names: Names of the classes; numbers stand for them where they are fewer.
    """
    names = class_names(len(counts), names)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    if len(counts) > MOST_CLASSES:
        return {"image": _image(shares), "pairs": _confused_pairs(counts, shares, names)}
    shades = (SHADES * shares).round() / SHADES
    opacity = [[f"{0.7 * shade:.2g}" if shade else "" for shade in row] for row in shades]
    entries = [list(zip(*pair, strict=True)) for pair in zip(counts, opacity, strict=True)]
    return {"names": names, "rows": list(zip(names, entries, strict=False))}


def feature_panels(embedding: Embedding, names: Sequence[str]) -> dict[str, Any]:
    """Returns features before and after training, by domain and by class.

    At most `MAX_POINTS` examples are drawn, domains and classes as frequent as in the sample.

    Args:
        embedding: Features of a sample of both domains.
        names: Names of the classes; numbers stand for them where a label has none.
    """
    strata = np.unique([embedding.domain, embedding.labels], axis=1, return_inverse=True)[1]
    kept = draw_stratified(strata.ravel(), MAX_POINTS)
    domain, labels = embedding.domain[kept], embedding.labels[kept]
    names = class_names(int(embedding.labels.max()) + 1, names)
    panels = []
    for when, features in (("before", embedding.before), ("after", embedding.after)):
        points = _projected(features[kept])
        panels += [
            report_svg.domain_points(f"{when} training, by domain", points, domain),
            report_svg.class_points(f"{when} training, by class", points, domain, labels, names),
        ]
    few = names if len(names) <= MOST_CLASSES else ()
    legend = [(report_svg.class_colour(i, len(names)), name) for i, name in enumerate(few)]
    return {"drawings": panels, "legend": legend}


def class_names(count: int, names: Sequence[str]) -> Sequence[str]:
    """Returns a name for each of `count` classes: numbers where fewer names are known."""
    return names if len(names) >= count else [str(label) for label in range(count)]


def _image(shares: np.ndarray) -> Picture:
    """Returns the matrix as an image, a pixel an entry, black for a whole class."""
    pixels = Image.fromarray((255 * (1 - shares)).round().astype(np.uint8))
    caption = "Rows true, columns predicted class; from white (none) to black (all of the class)."
    return page.image(pixels, caption, kind="confusion")


def _confused_pairs(counts: np.ndarray, shares: np.ndarray, names: Sequence[str]) -> Grid:
    """Returns the most frequent confusions."""
    wrong = np.where(np.eye(len(counts), dtype=bool), 0, counts)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [divmod(int(place), len(counts)) for place in order]
    rows = [
        [names[i], names[j], Entry(str(wrong[i, j]), wrong[i, j]), page.number(100 * shares[i, j])]
        for i, j in pairs
        if wrong[i, j]
    ]
    header = ("true class", "predicted class", "examples", "percent of the class")
    return page.grid(header, rows, "most frequent confusions")


def _projected(features: np.ndarray) -> np.ndarray:
    """Returns features in the plane; equal features, as before training, are projected once."""
    features = np.ascontiguousarray(features, np.float64)
    return _project_bytes(features.tobytes(), features.shape)


@functools.lru_cache(maxsize=64)
def _project_bytes(data: bytes, shape: tuple[int, int]) -> np.ndarray:
    return project(np.frombuffer(data).reshape(shape))
