"""Rules by parameter path: first match wins, nothing stays uncovered, nothing stays unused."""

import jax.numpy as jnp
import pytest

from xferlab.core.errors import InputError
from xferlab.core.paths import resolve_rules

pytestmark = pytest.mark.fast

ZERO = jnp.zeros(())
PARAMS = {
    "encoder": {"conv": {"kernel": ZERO, "bias": ZERO}, "layers": {0: {"kernel": ZERO}}},
    "heads": {"label": {"kernel": ZERO}},
}


def test_first_match_wins():
    rules = [("encoder/conv/bias", 0.0), ("encoder/**", 0.1), ("**", 1.0)]
    assert resolve_rules(rules, PARAMS) == {
        "encoder": {"conv": {"kernel": 0.1, "bias": 0.0}, "layers": {0: {"kernel": 0.1}}},
        "heads": {"label": {"kernel": 1.0}},
    }
    assert resolve_rules([("**", 1.0), ("encoder/**", 0.1)][:1], PARAMS)["heads"] == {
        "label": {"kernel": 1.0}
    }


def test_one_star_stays_within_a_component_and_two_do_not():
    both = [("encoder/*/kernel", 2.0), ("**", 1.0)]
    resolved = resolve_rules(both, PARAMS)
    assert resolved["encoder"]["conv"] == {"kernel": 2.0, "bias": 1.0}
    assert resolved["encoder"]["layers"][0]["kernel"] == 1.0
    resolved = resolve_rules([("encoder/**/kernel", 2.0), ("**", 1.0)], PARAMS)
    assert resolved["encoder"]["layers"][0]["kernel"] == 2.0
    assert resolved["heads"]["label"]["kernel"] == 1.0


def test_a_star_may_stand_for_part_of_a_component():
    resolved = resolve_rules([("encoder/c*v/k*", 3.0), ("**", 1.0)], PARAMS)
    assert resolved["encoder"]["conv"] == {"kernel": 3.0, "bias": 1.0}


def test_a_pattern_is_no_regular_expression():
    with pytest.raises(InputError, match=r"encoder\.conv"):
        resolve_rules([("encoder.conv/bias", 0.0), ("**", 1.0)], PARAMS)


def test_a_pattern_covers_whole_paths():
    with pytest.raises(InputError, match="rule 'encoder'"):
        resolve_rules([("encoder", 0.0), ("**", 1.0)], PARAMS)


def test_an_uncovered_parameter_is_named():
    with pytest.raises(InputError, match=r"'heads/label/kernel'.*\('\*\*', value\)"):
        resolve_rules([("encoder/**", 0.1)], PARAMS)


def test_a_rule_that_matches_nothing_is_named_with_the_parameters():
    with pytest.raises(InputError, match=r"'decoder/\*\*' matches no parameter.*heads/label"):
        resolve_rules([("decoder/**", 0.1), ("**", 1.0)], PARAMS)


def test_a_rule_shadowed_by_earlier_ones_is_unused():
    with pytest.raises(InputError, match="rule 'encoder/conv/bias'"):
        resolve_rules([("encoder/**", 0.1), ("encoder/conv/bias", 0.0), ("**", 1.0)], PARAMS)


def test_a_last_rule_for_the_rest_may_be_unused():
    rules = [("encoder/**", 0.1), ("heads/**", 0.2), ("**", 1.0)]
    assert resolve_rules(rules, PARAMS)["heads"]["label"]["kernel"] == 0.2


NORMED = {
    "encoder": {
        "linear": {"kernel": ZERO, "bias": ZERO},
        "bn1": {"scale": ZERO, "bias": ZERO},
        "inner": {0: {"scale": ZERO}},
    },
    "critic": {"norm": {"scale": ZERO, "bias": ZERO}},
}


def test_a_pattern_may_ask_for_what_stands_beside():
    rules = [("encoder/**@scale", 1.0), ("**", 0.0)]
    assert resolve_rules(rules, NORMED) == {
        "encoder": {
            "linear": {"kernel": 0.0, "bias": 0.0},
            "bn1": {"scale": 1.0, "bias": 1.0},
            "inner": {0: {"scale": 1.0}},
        },
        "critic": {"norm": {"scale": 0.0, "bias": 0.0}},
    }
    shifts = resolve_rules([("**/bias@scale", 1.0), ("**", 0.0)], NORMED)
    assert shifts["encoder"]["bn1"] == {"scale": 0.0, "bias": 1.0}
    assert shifts["encoder"]["linear"]["bias"] == 0.0


def test_a_network_without_what_is_asked_for_beside_is_refused_with_what_to_choose():
    with pytest.raises(InputError, match=r"@scale' matches no.*no module there has a 'scale'.*bot"):
        resolve_rules([("encoder/**@scale", 1.0), ("**", 0.0)], PARAMS)
