"""`xferlab.compare`: two domains of one's own, from Python."""

import dataclasses
import json

import numpy as np
import pytest

import xferlab
from xferlab import Head
from xferlab.benchmark import to_csv, to_latex, to_markdown
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.training.options import TrainingOptions


def make_domain(name, shift, seed):
    rng = np.random.default_rng(seed)
    labels = np.arange(80) % 2
    inputs = rng.normal(size=(80, 4)) + 3 * labels[:, None] + shift
    return xferlab.domain_from_arrays(name, inputs, labels)


@pytest.fixture(scope="module")
def domains():
    return make_domain("lab", 0.0, 0), make_domain("field", 0.5, 1)


def test_trained_and_closed_form_methods_stand_in_one_table(domains, tmp_path):
    methods = ["nearest_neighbour", "source_only"]
    table = xferlab.compare(*domains, methods=methods, seeds=2, steps=20, out=tmp_path)
    last = table.cells.query("rule == 'last'").set_index("method")
    assert set(last.index) == set(methods)
    assert last.loc["nearest_neighbour", "mean"] > 80
    assert table.spec.baseline == "source_only"
    assert (tmp_path / "own-lab-to-field.html").is_file()
    done = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/DONE")}
    assert len(done) == 3
    again = xferlab.compare(*domains, methods=methods, seeds=2, steps=20, out=tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/DONE")} == done
    assert again.cells.equals(table.cells)


def test_nothing_is_kept_without_a_folder(domains, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = xferlab.compare(*domains, methods=["nearest_neighbour"], seeds=1)
    assert len(table.cells) == 3
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def two_heads():
    """Domains with a class, and a number beside it."""
    angle = Head("angle", "numbers", 1)

    def make(name, shift, seed):
        rng = np.random.default_rng(seed)
        labels = np.arange(80) % 2
        inputs = rng.normal(size=(80, 4)) + 3 * labels[:, None] + shift
        return xferlab.domain_from_arrays(name, inputs, {"class": labels, angle: inputs[:, 0]})

    return make("lab", 0.0, 0), make("field", 0.5, 1)


@pytest.mark.parametrize("metric", ["", "accuracy,angle/r2,knn_probe@3"])
def test_the_tables_of_all_heads_and_metrics_come_back_with_a_folder_or_without(
    two_heads, metric, tmp_path
):
    given = {"methods": ["source_only", "dann"], "seeds": 2, "steps": 20, "metric": metric}
    table = xferlab.compare(*two_heads, **given)
    kept = xferlab.compare(*two_heads, **given, out=tmp_path)
    names = metric.split(",") if metric else ["accuracy", "angle/rmse"]
    assert list(table.by_metric) == list(kept.by_metric) == names
    for name, each in table.by_metric.items():
        assert each.cells.equals(kept.by_metric[name].cells)
        assert set(each.cells["metric"]) == {name} and each.cells["mean"].notna().all()
        assert each.notes == kept.by_metric[name].notes
    for write, suffix in ((to_markdown, "md"), (to_csv, "csv"), (to_latex, "tex")):
        assert write(table) == write(kept)
        assert (tmp_path / f"own-lab-to-field.{suffix}").read_text().startswith(write(kept))
    assert to_markdown(table).count("## ") - to_markdown(table).count("### ") == len(names)


def test_a_metric_that_is_none_is_refused(two_heads):
    for metric, words in {"angle/accuracy": "angle/rmse", "accuracy,accuracy": "twice"}.items():
        with pytest.raises(xferlab.InputError, match=words):
            xferlab.compare(*two_heads, metric=metric)
    with pytest.raises(xferlab.InputError, match="metric is 3"):
        xferlab.compare(*two_heads, metric=3)


def test_an_unknown_method_is_refused(domains):
    with pytest.raises(xferlab.InputError, match="Did you mean: dann"):
        xferlab.compare(*domains, methods=["dan_n"])


def test_a_mapping_of_methods_sets_and_sweeps_hyper_parameters(domains, tmp_path):
    methods = {
        "source_only": {},
        "dann": {"weight": [0.1, 1], "lr": [1e-3, 1e-2]},
        "pca": {"dims": 2},
        "coral": {"ridge": np.float32(2), "classifier": "1nn"},
    }
    table = xferlab.compare(*domains, methods=methods, seeds=1, steps=10, out=tmp_path)
    specs = [json.loads(path.read_text())["method"] for path in tmp_path.glob("*/spec.json")]
    hyper = {name: [] for name in methods}
    for spec in specs:
        hyper[spec["name"]].append(dict(spec.get("hyper", [])))
    assert hyper["source_only"] == [{}] and hyper["pca"] == [{"dims": 2}]
    assert hyper["coral"] == [{"classifier": "1nn", "ridge": 2.0}]
    assert sorted(map(json.dumps, hyper["dann"])) == [
        '{"lr": 0.01, "weight": 0.1}', '{"lr": 0.01}', '{"weight": 0.1}', "{}"
    ]  # fmt: skip
    last = table.cells.query("rule == 'last'").set_index("method")["hyper"]
    assert (last["pca"], last["dann"]) == ('{"dims":2}', "")
    training = [json.loads(path.read_text())["training"] for path in tmp_path.glob("*/spec.json")]
    assert {options.get("lr", TrainingOptions.lr) for options in training} == {0.001, 0.01}


@pytest.mark.parametrize(
    ("shape", "backbone"), [((5,), "mlp"), ((32, 3), "temporal_conv"), ((16, 16, 3), "small_conv")]
)
def test_the_network_follows_from_the_inputs(shape, backbone):
    domain = xferlab.domain_from_arrays("a", np.zeros((20, *shape)), np.arange(20) % 2)
    (task,) = own_suite(own_task(domain, domain), "", SuiteRequest()).tasks
    assert task.network.backbone == backbone


def test_several_modalities_have_a_network_each():
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    images = rng.integers(0, 256, (80, 8, 8, 1), np.uint8)
    domains = [
        xferlab.domain_from_arrays(
            name, xferlab.Modalities(images, rng.normal(size=(80, 3)) + labels[:, None]), labels
        )
        for name in ("lab", "field")
    ]
    (place,) = own_suite(own_task(*domains), "", SuiteRequest()).tasks
    assert place.network.backbone == "small_conv" and place.network.input_shape == (8, 8, 1)
    assert place.network.further_inputs == (("mlp", (3,), (256,)),)
    inputs = place.task.source.splits["train"].inputs
    np.testing.assert_array_equal(inputs.parts[0].dtype, np.uint8)
    both = [each.splits["train"].inputs.parts[1] for each in (place.task.source, place.task.target)]
    np.testing.assert_allclose(np.concatenate(both).std(axis=0), 1, rtol=1e-5)
    with pytest.warns(UserWarning, match="pca could not run: closed-form methods read one matrix"):
        table = xferlab.compare(*domains, methods=["source_only", "pca"], seeds=1, steps=20)
    assert "source_only" in set(table.cells.method)
    with pytest.raises(xferlab.InputError, match=r"names 3 backbones.*inputs of 2 kinds"):
        xferlab.compare(*domains, network="mlp,mlp,mlp")


def test_a_target_with_inputs_of_its_own_has_an_encoder_of_its_own(domains):
    rng = np.random.default_rng(2)
    labels = np.arange(80) % 2
    wide = xferlab.domain_from_arrays("wide", rng.normal(size=(80, 9)) + labels[:, None], labels)
    own = dataclasses.replace(xferlab.Setting.UNSUPERVISED_DA, own_inputs=True)
    (place,) = own_suite(own_task(domains[0], wide, setting=own), "", SuiteRequest()).tasks
    assert place.network.target_inputs == (("mlp", (9,), (256,)),)
    with pytest.warns(UserWarning, match="shot could not run.*one encoder"):
        table = xferlab.compare(
            domains[0],
            wide,
            methods=["source_only", "dann", "shot"],
            seeds=1,
            steps=20,
            setting=own,
        )
    assert {"source_only", "dann"} <= set(table.cells.method)


def test_networks_of_both_spaces_are_named(domains):
    rng, labels = np.random.default_rng(4), np.arange(40) % 2
    parts = xferlab.Modalities(rng.integers(0, 256, (40, 6, 6), np.uint8), rng.normal(size=(40, 3)))
    both = xferlab.domain_from_arrays("both", parts, labels)
    own = dataclasses.replace(xferlab.Setting.UNSUPERVISED_DA, own_inputs=True)
    for asked in ("mlp; mlp, mlp", "mlp;", ""):
        (place,) = own_suite(own_task(domains[0], both, setting=own), asked, SuiteRequest()).tasks
        first = "mlp" if asked == "mlp; mlp, mlp" else "small_conv"
        assert [name for name, *_ in place.network.target_inputs] == [first, "mlp"]
    for asked, message in (
        ("mlp", r"names 1 backbone, and domain 'both' has inputs of 2 kinds.*behind a ';'"),
        ("mlp,mlp", r"names 2 backbones, and domain 'lab' has inputs of 1 kind\."),
        ("mlp;mlp;mlp", "3 parts .* Give one, or 2"),
    ):
        with pytest.raises(xferlab.InputError, match=message):
            own_suite(own_task(domains[0], both, setting=own), asked, SuiteRequest())


@pytest.mark.parametrize("label", ["../up", "a/b", "x" * 300, "a\nb"])
def test_files_of_any_setting_lie_in_the_folder(domains, label, tmp_path):
    setting = dataclasses.replace(xferlab.Setting.SUPERVISED, label=label)
    xferlab.compare(*domains, methods=["source_only"], seeds=1, steps=10, out=tmp_path / "runs",
                    setting=setting)  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    assert len(list((tmp_path / "runs").glob("own-*.html"))) == 1


def test_shots_of_own_data_reach_the_methods_that_use_them(domains):
    """Without labels of the target mme is minimax entropy alone."""
    source, target = domains
    setting = xferlab.Setting.SEMI_SUPERVISED
    shots = xferlab.data.draw_shots(target, 3)
    table = xferlab.compare(
        source, target, methods=["source_only", "mme"], seeds=1, steps=12, setting=setting,
        shots=shots,
    )  # fmt: skip
    assert any(f"{len(shots)} training examples of the target are shots" in n for n in table.notes)
    assert set(table.cells["method"]) == {"source_only", "mme"}
    with pytest.raises(xferlab.InputError, match=r"shows shots.*shots=draw_shots\(target, 3\)"):
        xferlab.compare(source, target, setting=setting)


def test_several_sources_are_one_row_of_each_method(domains):
    source, target = domains
    second = dataclasses.replace(target, name="second")
    methods = ["source_only", "m3sda"]
    table = xferlab.compare([source, second], target, methods=methods, seeds=1, steps=12)
    assert set(table.cells["task"]) == {f"{source.name}+second->{target.name}"}
    assert table.cells["mean"].notna().all()


def test_the_protocol_names_the_classes_of_one_domain_alone(domains):
    source, target = domains
    more = dataclasses.replace(target, class_names=("1", "2"))
    setting = xferlab.Setting.UNIVERSAL_DA
    lines = own_suite(own_task(source, more, setting=setting), "", SuiteRequest()).header.protocol
    assert f"Only the source has the classes {source.class_names[0]}." in lines
    assert any("Only the target has the classes 2: in all scores they are one" in x for x in lines)


@pytest.mark.parametrize("floats", ["source", "target"])
def test_floats_of_either_space_are_standardised_as_the_protocol_says(floats):
    """Whatever the other space holds: images, which are not."""
    rng, labels = np.random.default_rng(3), np.arange(40) % 2
    images = xferlab.domain_from_arrays("i", rng.integers(0, 256, (40, 6, 6), np.uint8), labels)
    far = xferlab.domain_from_arrays("f", rng.normal(1000, 50, (40, 3)), labels)
    pair = (far, images) if floats == "source" else (images, far)
    own = dataclasses.replace(xferlab.Setting.UNSUPERVISED_DA, own_inputs=True)
    suite = own_suite(own_task(*pair, setting=own), "", SuiteRequest())
    task = suite.tasks[0].task
    domain, other = (task.source, task.target)[:: 1 if floats == "source" else -1]
    kept = domain.splits["train"].inputs
    np.testing.assert_allclose(kept.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(kept.std(0), 1, atol=1e-4)
    assert other.splits["train"].inputs is images.splits["train"].inputs
    assert sum("standardised" in line for line in suite.header.protocol) == 1


def test_classes_are_related_as_the_setting_says(domains):
    source, target = domains
    more = dataclasses.replace(target, class_names=("1", "2"))
    universal = xferlab.Setting.UNIVERSAL_DA
    table = xferlab.compare(source, more, methods=["source_only"], seeds=1, steps=20,
                            setting=universal)  # fmt: skip
    assert set(table.cells.method) == {"source_only"}
    with pytest.raises(xferlab.InputError, match="UNIVERSAL_DA"):
        xferlab.compare(source, more, methods=["source_only"])
    for network in (None, 5):
        with pytest.raises(xferlab.InputError, match=f"network is {network} .*xferlab list"):
            xferlab.compare(source, target, network=network)
    with pytest.raises(xferlab.InputError, match="setting is 'open'"):
        xferlab.compare(source, more, setting="open")
