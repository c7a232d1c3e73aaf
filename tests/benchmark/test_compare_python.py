"""`xferlab.compare` from Python: parts as objects, a table that prints itself, a bar."""

import dataclasses

import numpy as np
import pytest

import xferlab
from xferlab import Setting, Term, TrainingOptions
from xferlab.benchmark.suites.own import own_suite, own_task
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.core.errors import InputError
from xferlab.losses import cross_entropy
from xferlab.methods.table import METHODS
from xferlab.models.spec import NetworkSpec

Dann = type(METHODS["dann"])
TRAINING = TrainingOptions(steps=20, batch_sizes=(16, 16), evaluations=2)


@xferlab.method
class MeanGap(xferlab.Method):
    """Squared distance of the mean features of both domains."""

    needs = Setting.UNSUPERVISED_DA
    weight: float = 1.0

    def loss(self, nets, batch, ctx):
        source, target = nets.forward(batch)
        gap = ((source.features.mean(0) - target.features.mean(0)) ** 2).sum()
        return {
            "classification": Term(cross_entropy(source.logits, batch.source.labels).mean()),
            "gap": Term(gap, self.weight),
        }


def make_domain(name, shift, seed, rows=80):
    rng = np.random.default_rng(seed)
    labels = np.arange(rows) % 2
    inputs = rng.normal(size=(rows, 4)) + 3 * labels[:, None] + shift
    return xferlab.domain_from_arrays(name, inputs, labels)


@pytest.fixture(scope="module")
def domains():
    return make_domain("lab", 0.0, 0), make_domain("field", 0.5, 1)


@pytest.fixture(scope="module")
def table(domains):
    methods = ["source_only", Dann(weight=0.25), Dann]
    return xferlab.compare(*domains, methods=methods[:2], seeds=2, training=TRAINING)


def test_the_values_of_a_method_are_in_its_row(table):
    hyper = table.cells.set_index("method").loc["dann", "hyper"]
    assert set(hyper) == {'{"weight":0.25}'}


def test_the_table_prints_itself(table):
    text = str(table)
    assert "lab->field" in text and "dann" in text and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100
    page = table._repr_html_()
    assert "<th>last</th>" in page and "lab-&gt;field" in page
    assert table.to_markdown().startswith("## ") and "toprule" in table.to_latex()
    frame = table.to_frame()
    assert len(frame) == len(table.cells) + len(table.trivial)
    assert set(table.cells.columns) <= set(frame.columns)


def test_network_training_and_validator_are_the_users(domains, tmp_path):
    network = NetworkSpec(
        backbone="mlp", input_shape=(4,), hidden=(7,), bottleneck=3, heads=(("class", 2),)
    )
    table = xferlab.compare(
        *domains, methods=["source_only"], seeds=1, network=network, training=TRAINING,
        validator="snd", out=tmp_path,
    )  # fmt: skip
    assert table.spec.rules == ("last", "snd", "oracle")
    run = next(tmp_path.glob("*/spec.json")).read_text()
    assert '"steps": 20' in run and "7" in run
    with pytest.raises(InputError, match=r"validator.*Allowed|unknown label-free validator"):
        xferlab.compare(*domains, methods=["source_only"], validator="oracle")
    with pytest.raises(InputError, match="the network reads"):
        xferlab.compare(
            *domains,
            methods=["source_only"],
            network=dataclasses.replace(network, input_shape=(5,)),
        )


def test_methods_that_no_row_can_stand_for(domains):
    for methods in ([3], [print], [int]):
        with pytest.raises(InputError, match=r"method .* is no name|unknown method"):
            xferlab.compare(*domains, methods=methods)
    with pytest.raises(InputError, match="named twice"):
        xferlab.compare(*domains, methods=[Dann(), Dann(weight=0.5)])


@pytest.mark.parametrize(("rows", "steps"), [(80, 500), (8000, 2000), (80_000, 5000)])
def test_the_budget_follows_the_size_of_the_data(rows, steps):
    task = own_task(make_domain("lab", 0, 0), make_domain("field", 0, 1, rows))
    suite = own_suite(task, "", SuiteRequest())
    assert suite.tasks[0].training.steps == steps
    assert any(f"Budget: {steps} steps" in line for line in suite.header.protocol)
    asked = own_suite(task, "", SuiteRequest(steps=20))
    assert asked.tasks[0].training.steps == 20
    assert not any("Budget" in line for line in asked.header.protocol)


def test_a_bar_is_for_terminals_and_notebooks_alone(domains, capsys):
    xferlab.compare(*domains, methods=["nearest_neighbour"], seeds=1)
    assert capsys.readouterr() == ("", "")


def test_train_takes_a_method_with_values_of_its_own(domains):
    for method in (MeanGap(weight=3.0), Dann(weight=3.0)):
        run = xferlab.train(*domains, method, training=TRAINING)
        assert dict(run.spec.method.hyper) == {"weight": 3.0}
        assert run.predict(domains[1].splits["test"].inputs).shape == (16,)


def test_a_class_of_ones_own_and_its_values(domains):
    methods = ["source_only", MeanGap, MeanGap(weight=3.0)]
    tables = [
        xferlab.compare(*domains, methods=["source_only", each], seeds=1, training=TRAINING)
        for each in methods[1:]
    ]
    hypers = [set(t.cells.set_index("method").loc["mean_gap", "hyper"]) for t in tables]
    assert hypers == [{""}, {'{"weight":3.0}'}]
