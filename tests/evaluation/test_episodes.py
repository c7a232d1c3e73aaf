"""Accuracies of episodes, and their interval against SciPy."""

import numpy as np
import pytest
from scipy import stats

from xferlab.core.errors import InputError
from xferlab.evaluation import accuracy, episode_accuracies, episode_interval

pytestmark = pytest.mark.fast
RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 5, 40 * 15)
PREDICTIONS = np.where(RNG.random(600) < 0.7, LABELS, RNG.integers(0, 5, 600))


def test_the_interval_is_students():
    found = episode_interval(LABELS, PREDICTIONS, episodes=40, confidence=0.9)
    each = [np.mean(LABELS[i : i + 15] == PREDICTIONS[i : i + 15]) for i in range(0, 600, 15)]
    low, high = stats.t.interval(0.9, 39, loc=np.mean(each), scale=stats.sem(each))
    np.testing.assert_allclose(found[:3], (np.mean(each), low, high), rtol=1e-12)
    assert found.n == 40
    np.testing.assert_allclose(found.mean, accuracy(LABELS, PREDICTIONS, 5), rtol=1e-12)


def test_episodes_that_were_not_looked_at_are_left_out():
    predictions = np.where(np.arange(600) < 30, PREDICTIONS, -1)
    found = episode_accuracies(LABELS, predictions, episodes=40)
    np.testing.assert_array_equal(
        found, episode_accuracies(LABELS[:30], PREDICTIONS[:30], episodes=2)
    )


@pytest.mark.parametrize("episodes", [7, 0, 2.0])
def test_other_numbers_of_episodes_are_refused(episodes):
    with pytest.raises(InputError, match="episodes"):
        episode_accuracies(LABELS, PREDICTIONS, episodes=episodes)
