"""docs/trained_models.md: its lines run on two arrays, and say what is true."""

import ast
import functools
import re
from pathlib import Path

import numpy as np

import xferlab

PAGE = (Path(__file__).parent.parent / "docs/trained_models.md").read_text("utf-8")


def test_the_ten_lines_run(monkeypatch, tmp_path):
    monkeypatch.setattr(xferlab, "train", functools.partial(xferlab.train, steps=30))
    monkeypatch.chdir(tmp_path)
    (snippet,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(ast.parse(snippet).body) <= 10
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 3
    inputs = rng.normal(size=(60, 4)) + 3 * labels[:, None]
    found = {"lab_inputs": inputs, "lab_labels": labels, "field_inputs": inputs + 0.5}
    exec(compile(snippet, "trained_models", "exec"), found)
    assert (found["classes"] == labels).mean() > 0.6
    assert (tmp_path / "field_model/model.safetensors").is_file()
