"""What a method answers to an episode: support and queries apart, and its outputs checked."""

from __future__ import annotations

import jax.numpy as jnp

from xferlab.core.batch import Labelled
from xferlab.core.episodes import EpisodicTest
from xferlab.core.heads import Head
from xferlab.core.inputs import Inputs
from xferlab.methods.base import Method
from xferlab.models.nets import Nets, Output
from xferlab.training.contract import checked_output, user_code


def answer_of(
    method: Method, nets: Nets, inputs: Inputs, state: object, test: EpisodicTest
) -> Output:
    """Returns features and logits [queries, ways] of an episode, checked.

    Args:
        method: that answers.
        nets: the networks, not in training.
        inputs: of the episode: its support, class after class, then its queries.
        state: the method's own.
        test: what the episode is made of.

    Raises:
        InputError: an output of another shape.
    """
    labels = jnp.repeat(jnp.arange(test.ways, dtype=jnp.int32), test.shots)
    support = Labelled.of(inputs[: test.support_size], labels)
    queries = inputs[test.support_size :]
    with user_code(method, "predict_episode"):
        output = method.predict_episode(nets, support, queries, state, ways=test.ways)
    heads = (Head("class", "classes", test.ways),)
    return checked_output(method, output, test.query_size, heads, "predict_episode")
