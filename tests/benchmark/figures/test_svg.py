"""Small drawings: every line inside its frame, gaps kept, few points, one path a group."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest

from tests.benchmark.pages import Reader
from xferlab.benchmark.figures import svg
from xferlab.benchmark.figures.svg import (
    BOTTOM,
    LEFT,
    MOST_POINTS,
    RIGHT,
    SIDE,
    TOP,
    Line,
    class_points,
    domain_points,
    line_chart,
)

pytestmark = pytest.mark.fast


def paths(html, kind):
    return [a["d"] for a in Reader(html).attributes("path") if a.get("class") == kind]


def test_a_line_runs_from_corner_to_corner():
    (path,) = paths(line_chart("x", [Line(0, [0, 5, 10], [0.0, 1.0, 2.0])]), "line")
    middle = f"{(LEFT + RIGHT) / 2:.0f} {(TOP + BOTTOM) / 2:.1f}"
    assert path == f"M{LEFT} {BOTTOM:.1f} {middle} {RIGHT} {TOP:.1f}"


def test_values_that_are_not_finite_are_gaps():
    values = [1.0, 2.0, np.nan, np.inf, 3.0]
    html = line_chart("x", [Line(0, [1, 2, 3, 4, 5], values)])
    (path,) = paths(html, "line")
    pieces = [piece.split() for piece in path.split("M")[1:]]
    assert [len(piece) // 2 for piece in pieces] == [2, 2]
    assert pieces[1][:2] == pieces[1][2:]  # a single value is a dot
    assert "between 1 and 3" in html and "nan" not in path


def test_nothing_finite_is_no_panel():
    assert line_chart("x", [Line(0, [1, 2], [np.nan, np.nan])]) == ""


def test_long_lines_are_thinned_and_keep_both_ends():
    steps = list(range(5000))
    (path,) = paths(line_chart("x", [Line(0, steps, [float(s) for s in steps])]), "line")
    numbers = path[1:].split()
    assert len(numbers) == 2 * MOST_POINTS
    assert (numbers[0], numbers[-2]) == (str(LEFT), str(RIGHT))


def test_a_constant_line_and_a_single_step_are_drawn():
    assert paths(line_chart("x", [Line(0, [1, 2], [0.5, 0.5])]), "line")
    assert paths(line_chart("x", [Line(0, [1], [0.5])]), "line")


def test_names_are_escaped():
    assert "&lt;b&gt;" in line_chart("<b>", [Line(0, [1, 2], [0.0, 1.0])])


@pytest.mark.parametrize("classes", [3, 30])
def test_every_point_is_inside_and_in_the_shape_of_its_domain(classes):
    generator = np.random.default_rng(0)
    points = generator.normal(size=(60, 2))
    domain, labels = np.repeat([0, 1], [40, 20]), np.arange(60) % classes
    names = [f"class {label}" for label in range(classes)]
    by_class = class_points("x", points, domain, labels, names)
    assert all(f"<title>{name}</title>" in by_class for name in names)
    for html in (domain_points("x", points, domain), by_class):
        dots, triangles = ("".join(paths(html, kind)) for kind in ("dots", "triangles"))
        assert (dots.count("M"), triangles.count("M")) == (40, 20)
        places = np.array(re.findall(r"M(\d+) (\d+)", dots + triangles), int)
        assert places.min() >= 0 and places.max() <= SIDE


def test_points_without_spread_are_drawn():
    assert "nan" not in domain_points("x", np.zeros((4, 2)), np.array([0, 0, 1, 1]))


def test_markup_is_made_of_what_the_file_says_alone():
    """Whatever else stands in a drawing is filled in, and so escaped."""
    source = ast.parse(Path(svg.__file__).read_text("utf-8"))
    made = [
        argument
        for node in ast.walk(source)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Markup"
        for argument in node.args
    ]
    assert made and all(isinstance(argument, ast.Constant) for argument in made)
    texts = [node for node in ast.walk(source) if isinstance(node, ast.JoinedStr)]
    assert not [ast.unparse(node) for node in texts if "<" in ast.unparse(node)]
