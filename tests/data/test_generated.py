"""The domains that need no download: three looks of the digits, the moons, the catalogue."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_sample_images
from sklearn.linear_model import LogisticRegression

from xferlab.core.errors import InputError
from xferlab.core.settings import Setting
from xferlab.data.catalogue.domains import DOMAINS
from xferlab.data.made.moons import moons
from xferlab.data.made.optdigits import VARIANTS, load_originals, optdigits, originals
from xferlab.data.task import TransferTask


def flat(split):
    return split.inputs.reshape(len(split.labels), -1) / 127.5 - 1


def accuracy(train, test):
    model = LogisticRegression(C=0.1, max_iter=300).fit(flat(train), train.labels)
    return model.score(flat(test), test.labels)


def test_no_original_is_in_two_places():
    places = [chosen for half in "ab" for chosen in originals(half).values()]
    assert sorted(np.concatenate(places)) == list(range(1797))
    assert [len(place) for place in places] == [673, 225, 674, 225]
    labels = load_digits().target
    shares = np.array([np.bincount(labels[place]) / len(place) for place in places])
    assert np.ptp(shares, axis=0).max() < 0.01


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("half", ["a", "b"])
def test_variants_have_one_form_and_the_originals_labels(variant, half):
    domain = optdigits(variant, half=half)
    assert domain.name == variant and domain.input_shape == (16, 16, 3)
    assert domain.input_dtype == np.uint8
    for split, chosen in originals(half).items():
        assert (domain.splits[split].labels == load_digits().target[chosen]).all()
    assert optdigits(variant, half=half).fingerprint == domain.fingerprint


def test_clean_digits_are_the_scans_enlarged():
    scans, _ = load_originals()
    blocks = scans[..., 0].reshape(-1, 8, 2, 8, 2).mean(axis=(2, 4))
    original = load_digits().images * 255 / 16
    assert np.corrcoef(blocks.ravel(), original.ravel())[0, 1] > 0.97
    assert (scans[..., :1] == scans).all()


def test_photo_is_a_patch_minus_the_digit():
    scans, _ = load_originals()
    image = optdigits("optdigits_photo").splits["train"].inputs[0]
    digit = scans[originals("a")["train"][0]].astype(int)
    dark = digit[..., 0] == 0  # There, what is seen is the photograph itself.
    photos = load_sample_images().images
    windows = [
        np.lib.stride_tricks.sliding_window_view(photo[..., 0], (16, 16)) for photo in photos
    ]
    assert any((window[..., dark] == image[..., 0][dark]).all(axis=-1).any() for window in windows)


def test_scan_is_a_real_but_learnable_shift():
    source, target = optdigits("optdigits"), optdigits("optdigits_scan", half="b")
    test = target.splits["test"]
    target_only = accuracy(target.splits["train"], test)
    assert accuracy(source.splits["train"], source.splits["test"]) > 0.9
    assert target_only > 0.88
    assert accuracy(source.splits["train"], test) < target_only - 0.15


def test_any_two_looks_make_a_task():
    for source in VARIANTS:
        for target in VARIANTS:
            pair = (optdigits(source),), optdigits(target, half="b")
            assert TransferTask("pair", *pair, Setting.UNSUPERVISED_DA).training_arrays()


def test_unknown_variant_and_half():
    with pytest.raises(InputError, match=r"unknown variant of optdigits 'scan'.*optdigits_scan"):
        optdigits("scan")
    with pytest.raises(InputError, match=r"unknown half 'c'.*Allowed: a, b"):
        optdigits(half="c")


def test_moons_lie_on_their_half_circles():
    inputs, labels = moons(noise=0.0).splits["train"]
    assert inputs.shape == (300, 2) and inputs.dtype == np.float32
    assert np.bincount(labels).tolist() == [150, 150]
    points = inputs / 2 + (0.5, 0.25)
    upper, lower = points[labels == 0], points[labels == 1] - (1.0, 0.5)
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6) and (upper[:, 1] > -1e-6).all()
    assert np.allclose(np.hypot(*lower.T), 1, atol=1e-6) and (lower[:, 1] < 1e-6).all()


def test_target_is_turned_clockwise_about_the_centre():
    source = moons(noise=0.0).splits["train"]
    target = moons(noise=0.0, rotation_degrees=35).splits["train"]
    for label in (0, 1):
        before, after = (s.inputs[s.labels == label].mean(axis=0) for s in (source, target))
        turn = np.angle(complex(*after) / complex(*before), deg=True)
        assert turn == pytest.approx(-35, abs=1e-3)


def test_moons_draws_are_disjoint_and_repeatable():
    domains = [moons(), moons(rotation_degrees=35), moons(seed=1)]
    draws = [np.sort(np.hypot(*s.inputs.T)) for d in domains for s in d.splits.values()]
    radii = np.concatenate(draws)  # A turn keeps them, so that equal points would show.
    assert len(np.unique(radii)) == len(radii) == 6 * 300
    assert moons().fingerprint == domains[0].fingerprint
    assert domains[1].name == "moons_35"
    with pytest.raises(InputError, match=r"points=3 is too few.*4 or more"):
        moons(points=3)


@pytest.mark.parametrize("name", [name for name in DOMAINS if name.startswith(("opt", "moons"))])
def test_catalogue_loads_what_needs_no_data(name):
    domain = DOMAINS[name].load(None)
    assert domain.name == name.removesuffix("/b")


def test_catalogue_describes_in_one_line():
    assert all(0 < len(e.description) < 100 and "\n" not in e.description for e in DOMAINS.values())
    with pytest.raises(InputError, match=r"unknown domain 'mnits'. Did you mean: mnist"):
        DOMAINS["mnits"]
