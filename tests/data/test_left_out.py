"""Each domain left out in turn: which tasks are made, and what they show."""

import pytest

from tests.data.made import make_domain
from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.left_out import leave_one_out

pytestmark = pytest.mark.fast
DOMAINS = {name: make_domain(name) for name in ("a", "b", "c")}


def test_every_domain_is_the_target_of_all_others():
    tasks = leave_one_out(DOMAINS)
    assert [task.name for task in tasks] == ["others->a", "others->b", "others->c"]
    for task in tasks:
        assert task.setting == Setting.DOMAIN_GENERALISATION
        assert task.sources == tuple(d for d in DOMAINS.values() if d is not task.target)
        batch = task.training_arrays()
        assert batch.target is None and batch.shots is None
        assert sorted(set(batch.source.domain_id.tolist())) == [0, 1]


def test_targets_of_other_splits_and_some_of_them():
    other = make_domain("b, again")
    (task,) = leave_one_out(DOMAINS, targets={"b": other}, setting=Setting.UNSUPERVISED_DA)
    assert task.name == "others->b" and task.target is other
    assert task.sources == (DOMAINS["a"], DOMAINS["c"])
    assert task.training_arrays().target is not None


def test_one_domain_leaves_no_source():
    for domains in ({}, {"a": DOMAINS["a"]}):
        with pytest.raises(InputError, match=r"which leaves no source\. Give at least two"):
            leave_one_out(domains)


def test_a_target_that_is_no_domain():
    with pytest.raises(InputError, match="unknown domain to leave out 'd'"):
        leave_one_out(DOMAINS, targets={"d": DOMAINS["a"]})


def test_domains_that_do_not_fit_together():
    odd = make_domain("odd", class_names=("p", "q", "r"))
    with pytest.raises(InputError, match="do not share their classes"):
        leave_one_out({**DOMAINS, "odd": odd})
