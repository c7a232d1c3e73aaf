"""The suites on real data: tasks, names and sizes as published, inputs of one shape."""

import itertools
from collections import Counter

import numpy as np
import pytest

from tests.shared import shared_data
from xferlab.benchmark.suites.pairs import all_pairs, pair, with_common_slots, with_steps
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.benchmark.suites.table import SUITES
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.core.sparse import SparseRows
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.domain import Domain
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split
from xferlab.methods.table import ALL_METHODS
from xferlab.training.options import TrainingOptions

FOLDERS = {
    "amazon_reviews": "amazon_reviews",
    "office_caltech_surf": "office_caltech10",
    "office_caltech_images": "office_caltech10",
    "pacs": "pacs",
    "fsdd_speakers": "fsdd",
    "spam_users": "ecml06_spam",
    "har_subjects": "uci_har",
}
PAIRS = {
    "amazon_reviews": ("books", "dvd", "electronics", "kitchen"),
    "office_caltech_surf": ("caltech10", "amazon", "webcam", "dslr"),
    "office_caltech_images": ("caltech10", "amazon", "webcam", "dslr"),
    "pacs": ("art_painting", "cartoon", "photo", "sketch"),
    "spam_users": ("u00", "u01", "u02"),
}
OFFICE_SIZES = {"amazon": 958, "caltech10": 1123, "dslr": 157, "webcam": 295}
PACS_SIZES = {"art_painting": 2048, "cartoon": 2344, "photo": 1670, "sketch": 3929}
AMAZON_TEST = {"books": 4465, "dvd": 3586, "electronics": 5681, "kitchen": 5945}
ADATIME = (
    *("2->11", "6->23", "7->13", "9->18", "12->16", "18->27", "20->5", "24->8", "28->27"),
    "30->20",
)
BUILT = {}

each_suite = pytest.mark.parametrize("name", list(FOLDERS))


def build(name):
    """The suite, read once."""
    if name not in BUILT:
        data = shared_data(FOLDERS[name])
        BUILT[name] = SUITES[name](SuiteRequest(data_dir=data))
    return BUILT[name]


def tasks_of(name):
    return [each.task for each in build(name).tasks]


def size(domain):
    return tuple(len(domain.splits[part].labels) for part in ("train", "test"))


def equal(left, right):
    """Whether two inputs hold the same numbers; sparse ones are compared as they are."""
    if isinstance(left, SparseRows):
        return np.array_equal(left.values, right.values) and np.array_equal(
            left.indices, right.indices
        )
    return np.array_equal(left, right)


@each_suite
def test_a_suite_fits_together(name):
    """Name, methods, baseline, and networks that take the inputs and answer with the classes."""
    suite = build(name)
    assert suite.header.name == name and suite.header.protocol
    assert all(method in ALL_METHODS for method in (*suite.methods, *suite.sweeps))
    assert suite.header.baseline in suite.methods
    for each in suite.tasks:
        assert each.network.input_shape == each.task.source.input_shape
        assert each.network.input_shape == each.task.target.input_shape
        assert each.network.num_classes == each.task.target.num_classes
        assert each.task.setting == Setting.UNSUPERVISED_DA
        assert min(len(d.splits["train"].labels) for d in (each.task.source, each.task.target)) > 32


@each_suite
def test_tasks_have_names_of_their_own_and_one_network_and_budget(name):
    suite = build(name)
    assert len({each.task.name for each in suite.tasks}) == len(suite.tasks)
    assert len({(each.network, each.training) for each in suite.tasks}) == 1


@pytest.mark.parametrize("name", list(PAIRS))
def test_every_ordered_pair_is_a_task(name):
    names = [task.name for task in tasks_of(name)]
    assert names == [f"{a}->{b}" for a, b in itertools.permutations(PAIRS[name], 2)]


def test_amazon_has_the_published_sizes():
    for task in tasks_of("amazon_reviews"):
        assert size(task.source) == (1800, 200)
        assert size(task.target) == (2000, AMAZON_TEST[task.target.name])
    inputs = [task.target.splits["train"].inputs for task in tasks_of("amazon_reviews")]
    assert {type(each) for each in inputs} == {SparseRows}
    suite = build("amazon_reviews")
    assert suite.header.validator == "reverse_validation" and set(suite.sweeps) == {"dann"}


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("office_caltech_surf", OFFICE_SIZES),
        ("office_caltech_images", OFFICE_SIZES),
        ("pacs", PACS_SIZES),
    ],
)
def test_features_are_transductive_and_complete(name, sizes):
    for task in tasks_of(name):
        for domain in (task.source, task.target):
            assert size(domain) == (sizes[domain.name],) * 2
            assert equal(domain.splits["train"].inputs, domain.splits["test"].inputs)


def test_surf_columns_are_standardised_within_a_domain():
    for task in tasks_of("office_caltech_surf"):
        inputs = task.source.splits["train"].inputs.astype(np.float64)
        np.testing.assert_allclose(inputs.mean(axis=0), 0, atol=1e-5)
        assert set(np.round(inputs.std(axis=0), 4)) <= {0.0, 1.0}


def test_har_has_the_pairs_of_adatime():
    tasks = tasks_of("har_subjects")
    assert tuple(task.name for task in tasks) == ADATIME
    assert build("har_subjects").header.metric == "macro_f1"
    for task in tasks:
        train, test = size(task.target)
        assert 0.68 < train / (train + test) < 0.72
        inputs = task.target.splits["train"].inputs.astype(np.float64)
        np.testing.assert_allclose(inputs.mean(axis=(0, 1)), 0, atol=1e-3)
        np.testing.assert_allclose(inputs.std(axis=(0, 1)), 1, atol=1e-3)


WISDM = "7->18 20->30 35->31 17->23 6->19 2->11 33->12 5->26 28->4 23->32"
HHAR = "0->6 1->6 2->7 3->8 4->5 5->0 6->1 7->4 8->3 0->2"


@pytest.mark.parametrize(
    ("name", "dataset", "pairs"), [("wisdm_users", "wisdm", WISDM), ("hhar_users", "hhar", HHAR)]
)
def test_the_other_sets_of_adatime_on_made_windows(tmp_path, name, dataset, pairs):
    known, rng = DATA_SETS[dataset], np.random.default_rng(0)
    split = Split(rng.normal(size=(12, 128, 3)).astype(np.float32), np.arange(12) % 6)
    for domain in known.domains:
        write_plain(tmp_path / dataset, domain, RawDomain(split, split, known.class_names))
    suite = SUITES[name](SuiteRequest(data_dir=tmp_path))
    assert [each.task.name for each in suite.tasks] == pairs.split()
    assert suite.tasks[0].network.input_shape == (128, 3)
    write_plain(tmp_path / dataset, "2", RawDomain(split, None, known.class_names))
    message = rf"{dataset}/2 have no test split.*remove the .npz files of {dataset}.*doi:10"
    with pytest.raises(InputError, match=message):
        SUITES[name](SuiteRequest(data_dir=tmp_path))


def test_every_speaker_is_left_out_once():
    tasks = tasks_of("fsdd_speakers")
    speakers = [task.target.name for task in tasks]
    assert len(set(speakers)) == 6
    for task in tasks:
        assert task.name == f"others->{task.target.name}"
        assert [source.name for source in task.sources] == [
            name for name in speakers if name != task.target.name
        ]
        assert size(task.source) == (5 * 450, 5 * 50) and size(task.target) == (450, 450)


def test_inboxes_of_the_challenge():
    for task in tasks_of("spam_users"):
        assert size(task.source) == (2250, 250) and size(task.target) == (2500, 2500)
        assert task.target.splits["train"].labels.mean() == 0.5
        values = task.target.splits["train"].inputs.values
        np.testing.assert_allclose(np.expm1(values), np.round(np.expm1(values)), rtol=1e-3)


@pytest.mark.parametrize("name", ["amazon_reviews", "spam_users"])
def test_bags_have_equal_slots(name):
    """So that all tasks share one program."""
    for part in ("train", "test"):
        slots = {
            domain.splits[part].inputs.indices.shape[1]
            for task in tasks_of(name)
            for domain in (task.source, task.target)
        }
        assert len(slots) == 1


@pytest.mark.parametrize("name", ["amazon_reviews", "spam_users"])
def test_a_source_is_cut_in_two(name):
    """Training and held-out examples are together what the same domain has as a target."""
    by_target = {task.target.name: task.target for task in tasks_of(name)}
    source = tasks_of(name)[0].source
    whole = count_rows(by_target[source.name].splits["train"])
    assert count_rows(source.splits["train"]) + count_rows(source.splits["test"]) == whole


def count_rows(split):
    rows = zip(split.inputs.to_dense(), split.labels, strict=True)
    return Counter((row.tobytes(), int(label)) for row, label in rows)


def test_no_recording_is_both_trained_on_and_held_out():
    source = tasks_of("fsdd_speakers")[0].source
    train, test = ({row.tobytes() for row in source.splits[p].inputs} for p in ("train", "test"))
    assert not train & test


def made(name, entries):
    inputs = np.zeros((4, 6), np.float32)
    inputs[:, :entries] = 1.0
    split = Split(SparseRows.from_scipy(inputs), np.arange(4) % 2)
    return Domain(name, {"train": split, "test": split}, ("no", "yes"))


def test_pairs_and_slots_of_made_domains():
    domains = {"a": made("a", 1), "b": made("b", 3)}
    (padded,) = with_common_slots(domains)
    assert [d.splits["test"].inputs.indices.shape for d in padded.values()] == [(4, 3)] * 2
    for name, domain in domains.items():
        np.testing.assert_array_equal(
            padded[name].splits["train"].inputs.to_dense(),
            domain.splits["train"].inputs.to_dense(),
        )
    assert [task.name for task in all_pairs(padded, padded)] == ["a->b", "b->a"]
    assert pair(domains["a"], domains["b"], name="other").name == "other"


def test_steps_on_request():
    options = TrainingOptions(steps=500, batch_sizes=(4, 4), evaluations=5)
    assert with_steps(options, SuiteRequest()).steps == 500
    assert with_steps(options, SuiteRequest(steps=20)).steps == 20
