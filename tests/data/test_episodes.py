"""Tasks of new classes: which are refused, and what their episodes are made of."""

import dataclasses

import numpy as np
import pytest

from xferlab.core.batch import Episodes, EpisodicTest
from xferlab.core.errors import InputError
from xferlab.core.heads import Head, Labels
from xferlab.core.settings import Setting, View
from xferlab.data.classes import class_map
from xferlab.data.domain import Domain
from xferlab.data.episodes import draw_episodes
from xferlab.data.made.turned_digits import turned_digits
from xferlab.data.split import Split
from xferlab.data.task import TransferTask

pytestmark = pytest.mark.fast
TEST = EpisodicTest(ways=3, shots=2, queries=4, count=25)


def domain(name, names, *, each=9, seed=0, others=()):
    """Domains whose inputs are row numbers, classes in random order."""
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(names)), each))
    inputs = np.arange(len(labels), dtype=np.float32)[:, None] + 100 * seed
    beside = tuple(Labels(inputs) for _ in others)
    split = Split(inputs, labels.astype(np.int32), None, beside)
    return Domain(name, {"train": split, "test": split}, names, others=others)


BASE, NEW = domain("base", ("a", "b"), seed=1), domain("new", tuple("vwxyz"), seed=2)


def task_of(**changes):
    arguments = {"sources": (BASE,), "target": NEW, "setting": Setting.FEW_SHOT, "episodes": TEST}
    return TransferTask("task", **arguments | changes)


def test_new_classes_are_disjoint_ones():
    found = class_map(("a", "b"), ("c", "d"), "novel", "task")
    assert found.shared == () and found.target_private == ("c", "d")
    with pytest.raises(InputError, match=r"they share none; both have \['b'\]. Leave"):
        class_map(("a", "b"), ("b", "c"), "novel", "task")


def test_an_episode_has_its_shots_and_queries_and_no_example_twice():
    split = NEW.splits["test"]
    drawn = draw_episodes(split, TEST)
    assert drawn.rows.shape == (25, 18) and drawn.labels.shape == (25, 12)
    for rows, labels in zip(drawn.rows, drawn.labels, strict=True):
        assert len(set(rows)) == 18
        support, queries = split.labels[rows[:6]].reshape(3, 2), split.labels[rows[6:]]
        assert (support == support[:, :1]).all() and len(set(support[:, 0])) == 3
        np.testing.assert_array_equal(support[labels, 0], queries)
        assert np.bincount(labels).tolist() == [4, 4, 4]
    ordered = (np.diff(drawn.labels, axis=1) >= 0).all(axis=1)
    assert not ordered.all()  # Where a query stands says nothing of its class.


def test_episodes_are_drawn_once_and_all_classes_have_their_turn():
    split = NEW.splits["test"]
    first, again = draw_episodes(split, TEST), draw_episodes(split, TEST)
    np.testing.assert_array_equal(first.rows, again.rows)
    counts = np.bincount(split.labels[first.rows[:, :6]].ravel(), minlength=5)
    assert counts.min() > 10
    other = draw_episodes(split, dataclasses.replace(TEST, shots=1, queries=5))
    assert not np.array_equal(other.rows, first.rows)


def test_the_scored_test_split_is_the_queries():
    task = task_of()
    test, drawn = task.held_out().target_test, task.drawn_episodes
    np.testing.assert_array_equal(test.labels, drawn.labels.ravel())
    np.testing.assert_array_equal(test.index, np.arange(25 * 12))
    rows = drawn.rows[:, 6:].ravel()
    np.testing.assert_array_equal(np.asarray(test.inputs)[:, 0], 200 + rows)
    assert task.scored_classes == ("way 1", "way 2", "way 3")
    assert [head.form for head in task.scored_heads] == [("class", "classes", 3)]


def test_episodes_are_part_of_what_a_task_is():
    prints = {task_of(episodes=dataclasses.replace(TEST, **c)).fingerprint for c in (
        {}, {"ways": 2}, {"shots": 1}, {"queries": 3}, {"count": 24}
    )}  # fmt: skip
    assert len(prints) == 5


def test_examples_of_unknown_class_are_in_no_episode():
    known = np.arange(45) % 9 != 0
    labels = np.where(known, NEW.splits["test"].labels, -1)
    split = Split(NEW.splits["test"].inputs, labels, known)
    drawn = draw_episodes(split, TEST)
    assert known[drawn.rows].all()


HEAD = (Head("size", "numbers", 1),)
BAD = [
    ({"episodes": None}, "'task' has no episodes, and the setting 'few_shot' of 'novel' classes"),
    ({"episodes": 5}, r"'task': episodes is 5 \(int\). Give None, or EpisodicTest"),
    (
        {"setting": Setting.UNSUPERVISED_DA, "target": BASE},
        "'task' has episodes, and the setting 'unsupervised_da' of 'equal' classes",
    ),
    ({"target": BASE}, r"they share none; both have \['a', 'b'\]"),
    (
        {"episodes": dataclasses.replace(TEST, ways=6)},
        "episodes of 6 ways, but the target has 5 classes",
    ),
    (
        {"episodes": dataclasses.replace(TEST, queries=8)},
        "class 'v' has 9 examples in the target's test split, and an episode takes 2 shots and 8",
    ),
    (
        {
            "sources": (domain("base", ("a", "b"), others=HEAD),),
            "target": domain("new", tuple("vwxyz"), others=HEAD),
        },
        "has 1 heads beside the classes. Episodes tell classes alone",
    ),
    ({"shots": (0, 1)}, "shots are of class '.', which the source lacks"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_does_not_fit_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        task_of(**changes)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Episodes(1), "ways of Episodes is 1; it must be at least 2"),
        (lambda: Episodes(2.0), r"ways of Episodes is 2.0 \(float\)"),
        (lambda: EpisodicTest(ways=1), "ways of EpisodicTest is 1; it must be at least 2"),
        (lambda: EpisodicTest(shots=0), "shots of EpisodicTest is 0; it must be at least 1"),
        (lambda: EpisodicTest(count=True), r"count of EpisodicTest is True \(bool\)"),
    ],
)
def test_numbers_of_episodes_are_checked(make, message):
    with pytest.raises(InputError, match=message):
        make()


@pytest.mark.parametrize(
    "changes", [{"target": View.LABELS}, {"shots": View.LABELS}, {"own_inputs": True}]
)
def test_new_classes_have_no_labels_in_training(changes):
    with pytest.raises(InputError, match=r"'mine' has .* and classes='novel'"):
        Setting("mine", source=View.LABELS, classes="novel", **changes)


def test_no_probe_of_new_classes():
    splits = {"train": BASE.splits["test"], "test": NEW.splits["test"]}
    target = dataclasses.replace(NEW, splits=splits)
    with pytest.raises(InputError, match="scored by episodes, each of classes of its own"):
        task_of(target=target).probe_arrays()


def test_a_method_sees_the_source_alone():
    batch = task_of().training_arrays()
    assert batch.target is None and batch.shots is None
    inputs = Setting("inputs", source=View.LABELS, target=View.INPUTS, classes="novel")
    assert not hasattr(task_of(setting=inputs).training_arrays().target, "by_head")


def test_turned_digits_share_neither_class_nor_original():
    base, novel = turned_digits("base"), turned_digits("novel")
    assert not set(base.class_names) & set(novel.class_names)
    assert base.num_classes == novel.num_classes == 20
    split = novel.splits["test"]
    upright = split.inputs[split.labels == novel.class_names.index("7 by 0")]
    turned = split.inputs[split.labels == novel.class_names.index("7 by 90")]
    np.testing.assert_array_equal(np.rot90(upright, axes=(1, 2)), turned)
    counts = [np.bincount(split.labels) for half in (base, novel) for split in half.splits.values()]
    assert min(each.min() for each in counts) >= 44
    train, test = (
        {image.tobytes() for image in novel.splits[name].inputs} for name in ("train", "test")
    )
    assert len(train & test) < 5  # Scans that are alike by chance.
    with pytest.raises(InputError, match="half of the digits"):
        turned_digits("new")
