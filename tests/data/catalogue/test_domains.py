"""The names that the command line loads: domains of data sets beside the generated ones."""

import pytest

from tests.data.made_sets import CLASSES, made_split
from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.data.catalogue.domains import DOMAINS, describe_domains
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.raw import RawDomain

pytestmark = pytest.mark.fast


def test_every_domain_of_every_set_has_a_name():
    for dataset in DATA_SETS.values():
        names = {f"{dataset.name}/{domain}" for domain in dataset.domains}
        assert dataset.name in DOMAINS if len(names) == 1 else names <= set(DOMAINS)


def test_the_domains_of_a_set_share_a_line():
    lines = dict(describe_domains())
    assert lines["uci_har/DOMAIN"].endswith("; 1, 2, ..., 30")
    assert lines["amazon_reviews/DOMAIN"].endswith("; books, dvd, electronics, kitchen")
    assert {"moons", "optdigits/b", "mnist", "synthetic_digits"} <= set(lines)
    assert len(lines) < 50 < len(DOMAINS)


def test_a_published_split_is_taken_and_else_a_fifth_held_out(tmp_path):
    classes = DATA_SETS["amazon_reviews"].class_names
    tested = RawDomain(made_split(20), made_split(6), classes)
    for domain in DATA_SETS["amazon_reviews"].domains:
        write_plain(tmp_path / "amazon_reviews", domain, tested)
    splits = DOMAINS["amazon_reviews/books"].load(tmp_path).splits
    assert [len(split.labels) for split in splits.values()] == [20, 6]
    for domain in DATA_SETS["amazon_reviews_text"].domains:
        whole = RawDomain(made_split(20), None, CLASSES)
        write_plain(tmp_path / "amazon_reviews_text", domain, whole)
    splits = DOMAINS["amazon_reviews_text/dvd"].load(tmp_path).splits
    assert [len(split.labels) for split in splits.values()] == [16, 4]


def test_it_needs_a_data_directory():
    with pytest.raises(InputError, match=r"uci_har is read from disk; give .* by --data_dir"):
        DOMAINS["uci_har/2"].load(None)


def test_a_real_subject():
    domain = DOMAINS["uci_har/2"].load(shared_data("uci_har"))
    assert domain.input_shape == (128, 9) and domain.num_classes == 6
