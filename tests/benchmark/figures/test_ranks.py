"""Critical-difference diagrams and gain maps: what is drawn where, and degenerate input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from tests.benchmark.factory import make_suite
from xferlab.benchmark.figures.gains import gain_map_figure
from xferlab.benchmark.figures.ranks import BAR_COLOUR, DIFFERENCE_COLOUR, rank_figure
from xferlab.benchmark.tables.over_tasks import OUTCOME_COLUMNS, compare_methods
from xferlab.benchmark.tables.spec import TableSpec
from xferlab.core.errors import InputError

DOMAINS = "abcd"
TASKS = [f"{s}->{t}" for s in DOMAINS for t in DOMAINS if s != t]
METHODS = ["mcd", "target_only", "source_only", "dann", "cdan", "jan"]
SPEC = TableSpec("A title", interval="t")


@pytest.fixture(scope="module")
def comparison():
    return compare_methods(make_suite(TASKS, METHODS, 4), SPEC, "last")


def draw(figure):
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    return figure


def outcomes(rows):
    """A frame of (method, task, points, verdict)."""
    frame = pd.DataFrame(rows, columns=["method", "task", "difference_points", "verdict"])
    places = [task.split("->") if "->" in task else ("", "") for task in frame["task"]]
    return frame.assign(
        target_labels=frame["method"] == "target_only",
        gain=frame["difference_points"],
        row=[row for row, _ in places],
        column=[column for _, column in places],
    )


def images(figure):
    """Title → the numbers drawn, NaN where there is no task."""
    return {ax.get_title(): np.ma.filled(ax.images[0].get_array(), np.nan) for ax in figure.axes}


def test_a_diagram_names_every_ranked_method_at_its_rank(comparison):
    ax = draw(rank_figure(comparison)).axes[0]
    ranks = comparison.methods.set_index("method")["mean_rank"].dropna()
    names = {t.get_text(): t for t in ax.texts}
    for method, rank in ranks.items():
        text = names[f"{method} ({rank:.2f})"]
        starts = [line.get_xdata()[0] for line in ax.lines if line.get_ydata()[-1] == text.xy[1]]
        assert rank in starts
        assert (text.get_weight() == "bold") == (method == "source_only")
    assert not any("target_only" in name for name in names)


def test_a_diagram_has_its_bars_and_the_critical_difference_to_scale(comparison):
    ax = rank_figure(comparison).axes[0]
    ranks = comparison.methods.set_index("method")["mean_rank"]
    bars = [line.get_xdata() for line in ax.lines if line.get_color() == BAR_COLOUR]
    assert len(bars) == len(comparison.groups) > 0
    for (low, high), group in zip(bars, comparison.groups, strict=True):
        assert low == pytest.approx(ranks[group[0]], abs=0.05)
        assert high == pytest.approx(ranks[group[-1]], abs=0.05)
    length = next(line for line in ax.lines if line.get_color() == DIFFERENCE_COLOUR).get_xdata()
    assert length[1] - length[0] == pytest.approx(comparison.critical_difference)


@pytest.mark.parametrize("methods", [["source_only", "dann"], METHODS])
@pytest.mark.parametrize("tasks", [2, 12])
def test_everything_in_a_diagram_lies_inside_the_picture(methods, tasks):
    """Also a critical difference longer than the axis, and a long name."""
    long = [*methods, "a_method_with_quite_a_long_name"]
    runs = make_suite(TASKS[:tasks], long, 3)
    figure = draw(rank_figure(compare_methods(runs, SPEC, "last")))
    ax = figure.axes[0]
    boxes = [text.get_window_extent() for text in ax.texts]
    boxes += [line.get_window_extent() for line in ax.lines]
    for box in boxes:
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.width and box.y1 <= figure.bbox.height


def test_names_in_a_diagram_do_not_overlap(comparison):
    ax = draw(rank_figure(comparison)).axes[0]
    boxes = [t.get_window_extent() for t in ax.texts]
    for i, first in enumerate(boxes):
        assert not any(first.overlaps(second) for second in boxes[:i])


def test_no_ranks_no_diagram():
    comparison = compare_methods(make_suite(TASKS[:1], METHODS, 3), SPEC, "last")
    with pytest.raises(InputError, match="no ranks to draw"):
        rank_figure(comparison)


def test_a_gain_map_puts_a_difference_at_its_source_and_target():
    frame = outcomes(
        [("x", "a->b", 1.0, ""), ("x", "b->a", -2.0, "worse"), ("x", "a->c", 3.0, "better"),
         ("y", "b->a", 0.0, "")]
    )  # fmt: skip
    figure = draw(gain_map_figure(frame))
    first, second = figure.axes
    assert [t.get_text() for t in first.get_xticklabels()] == ["a", "b", "c"]
    assert [t.get_text() for t in first.get_yticklabels()] == ["a", "b"]
    nan = np.nan
    np.testing.assert_array_equal(images(figure)["x"], [[nan, 1, 3], [-2, nan, nan]])
    np.testing.assert_array_equal(images(figure)["y"], [[nan, nan, nan], [0, nan, nan]])
    assert [t.get_text() for t in first.texts] == ["+1.0", "-2.0 ▼", "+3.0 ▲"]
    (frame_of_loss,) = first.patches
    assert np.round(frame_of_loss.get_xy()).tolist() == [0, 1] and not second.patches


def test_zero_is_the_middle_of_the_palette():
    figure = gain_map_figure(outcomes([("x", "a->b", 1.0, ""), ("x", "b->a", -8.0, "worse")]))
    image = figure.axes[0].images[0]
    assert image.get_clim() == (-8, 8)
    assert min(image.to_rgba(0.0)[:3]) > 0.95


def test_scattered_tasks_share_one_panel():
    rows = [(m, f"{i}->{9 - i}", i - 1.0, "") for m in ("x", "y") for i in range(4)]
    figure = draw(gain_map_figure(outcomes(rows)))
    assert len(figure.axes) == 1
    np.testing.assert_array_equal(images(figure)[""], [[-1, 0, 1, 2]] * 2)
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["x", "y"]
    draw(gain_map_figure(outcomes([("x", "moons", 1.0, "better")])))


def test_a_gain_map_of_a_comparison_leaves_out_methods_with_target_labels(comparison):
    figure = draw(gain_map_figure(comparison.outcomes))
    assert list(images(figure)) == ["mcd", "dann", "cdan", "jan"]
    labelled = [ax for ax in figure.axes if ax.yaxis.get_tick_params()["labelleft"]]
    assert len(labelled) == 2  # four panels in rows of three


def test_nothing_to_draw():
    draw(gain_map_figure(pd.DataFrame(columns=OUTCOME_COLUMNS)))
    draw(gain_map_figure(outcomes([("x", "a->b", 0.0, "")])))
