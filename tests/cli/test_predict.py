"""`xferlab train` and `xferlab predict`: from files to a file of predictions."""

import csv

import numpy as np
import pytest
from PIL import Image

import xferlab
from xferlab.cli.main import main

rng = np.random.default_rng(0)
Y = np.arange(60) % 2
X = rng.normal(size=(60, 3)) + 4 * Y[:, None]


def table(path, inputs, labels=None):
    names = ["a", "b", "c"] + (["label"] if labels is not None else [])
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        for row, own in enumerate(inputs):
            writer.writerow([*own, *([] if labels is None else [["no", "yes"][labels[row]]])])
    return path


def run_of(text):
    (line,) = (line for line in text.splitlines() if line.startswith("record: "))
    return line.removeprefix("record: ")


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


def test_two_csv_files(tmp_path, capsys):
    lab, field = table(tmp_path / "lab.csv", X, Y), table(tmp_path / "field.csv", X + 1)
    out = ["--out", str(tmp_path / "runs")]
    arguments = [f"--source={lab}", f"--target={field}", "--method=dann", "--steps=60"]
    assert main(["train", *arguments, *out]) == 0
    printed = capsys.readouterr().out
    assert "nothing here says how many are right" in " ".join(printed.split())
    folder = run_of(printed)
    predictions = tmp_path / "predictions.csv"
    assert main(["predict", f"--run={folder}", f"--inputs={field}", f"--out={predictions}"]) == 0
    rows = read(predictions)
    assert [row["row"] for row in rows] == [str(i) for i in range(60)]
    assert np.mean([row["class"] == ["no", "yes"][y] for row, y in zip(rows, Y, strict=True)]) > 0.8
    shares = xferlab.load_run(folder).predict_proba(X + 1).max(axis=1)
    np.testing.assert_allclose([float(row["probability"]) for row in rows], shares, atol=1e-6)


def test_a_folder_of_images_without_classes(tmp_path, capsys):
    for place, name in (("lab", "dark"), ("lab", "light"), ("field", "")):
        folder = tmp_path / place / name
        folder.mkdir(parents=True)
        for number in range(12):
            light = name == "light" if name else number % 2
            pixels = rng.integers(0, 60, (8, 8, 3)) + 150 * light
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number:02d}.png")
    arguments = [f"--source={tmp_path / 'lab'}", f"--target={tmp_path / 'field'}"]
    options = ["--image_size=8", "--steps=30", f"--out={tmp_path / 'runs'}"]
    assert main(["train", *arguments, *options]) == 0
    folder = run_of(capsys.readouterr().out)
    out = tmp_path / "predictions.csv"
    field = tmp_path / "field"
    assert main(["predict", f"--run={folder}", f"--inputs={field}", f"--out={out}"]) == 0
    rows = read(out)
    assert [row["row"] for row in rows] == [f"{number:02d}.png" for number in range(12)]
    right = [row["class"] == ("light" if i % 2 else "dark") for i, row in enumerate(rows)]
    assert np.mean(right) > 0.9
    with np.load(f"{folder}/predictions.npz") as kept:
        assert kept["rows"].tolist() == [f"{number:02d}.png" for number in range(12)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--run is missing"),
        (["--run=nowhere"], "--inputs is missing"),
        (["--run=nowhere", "--inputs=x.npy"], "is no finished run"),
    ],
)
def test_bad_calls(arguments, message, capsys):
    assert main(["predict", *arguments]) == 2
    assert message in capsys.readouterr().err
