"""Recipes where methods are named: rows, identity, files of a user's, what cannot work."""

from __future__ import annotations

import pytest

from tests.benchmark.tiny import NETWORK, execute, tiny_packs, tiny_suite
from xferlab.benchmark.runs.methods import find_method, find_methods, find_recipe
from xferlab.benchmark.runs.plan import make_packs
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.bibliography import load_entries
from xferlab.core.errors import InputError
from xferlab.methods.recipes import RECIPES, REFERENCES
from xferlab.training.recipe import stages_of

PROOF = ("pretrained+lp_ft", "my_loss+pretrained+lp_ft")
OWN = """
def slow_encoder(stages):
    return tuple(stage._replace(rates=(("encoder/**", {rate}), ("**", 1.0))) for stage in stages)
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "a+b" / "mine.py"
    path.parent.mkdir()
    path.write_text(OWN.format(rate=0.1))
    return path


def spec_of(text, recipe=""):
    candidates = list(find_methods([text], find_recipe(recipe)).values())
    ((run,),) = (pack.runs for pack in make_packs(tiny_suite(), candidates, seeds=1, width=1))
    return run[0]


@pytest.mark.fast
def test_a_row_is_called_after_method_and_recipes():
    spec = spec_of("dann", "lp_ft")
    assert spec.method.name == "dann+lp_ft" and spec.method.recipe
    assert spec_of("dann+lp_ft") == spec
    assert RunSpec.from_json(spec.to_json()) == spec
    assert spec_of("dann+linear_probe").digest != spec.digest != spec_of("dann").digest
    assert "recipe" not in spec_of("dann").to_json()["method"]
    assert find_method("dann+linear_probe+lp_ft").name == "dann+linear_probe+lp_ft"
    assert spec_of("dann+linear_probe", "lp_ft").method.name == "dann+linear_probe+lp_ft"


@pytest.mark.fast
def test_a_recipe_of_a_users_file_is_part_of_the_identity(own):
    before = spec_of("dann", f"{own}:slow_encoder")
    assert before.method.name == "dann+slow_encoder"
    assert spec_of("dann", str(own)) == before
    own.write_text("# A remark.\n" + OWN.format(rate=0.1))
    assert spec_of("dann", str(own)) == before
    own.write_text(OWN.format(rate=0.2))
    assert spec_of("dann", str(own)).digest != before.digest
    chain = find_methods(["dann"], find_recipe(f"linear_probe+{own}:slow_encoder+lp_ft"))
    assert list(chain) == ["dann+linear_probe+slow_encoder+lp_ft"]


def test_a_users_method_under_a_users_recipe_trains(own, tmp_path):
    method = tmp_path / "my_loss.py"
    method.write_text(
        "from xferlab.losses import cross_entropy\n"
        "from xferlab.methods import Method, Term, method\n\n\n"
        "@method\n"
        "class MyLoss(Method):\n"
        "    def loss(self, nets, batch, ctx):\n"
        "        source, target = nets.forward(batch)\n"
        "        return {'ce': Term(cross_entropy(source.logits, batch.source.labels).mean())}\n"
    )
    for recipe, name in ((str(own), "my_loss+slow_encoder"), ("lp_ft", "my_loss+lp_ft"), PROOF):
        candidates = list(find_methods([f"{method}:MyLoss"], find_recipe(recipe)).values())
        packs = make_packs(tiny_suite(), candidates, seeds=1, width=1)
        store = execute(tmp_path / "out", packs)
        record = load_record(store, packs[0].runs[0][0].digest)
        assert record.method == name and len(record.evaluations) == 2
    assert find_method(f"{method}:MyLoss+lp_ft").name == "my_loss+lp_ft"


@pytest.mark.parametrize("recipe", ["lora", "gradual_unfreezing+layer_decay"])
def test_recipes_that_look_at_the_network_train_in_a_suite(recipe, tmp_path):
    packs = tiny_packs(methods=(f"dann+{recipe}",))
    store = execute(tmp_path, packs)
    record = load_record(store, packs[0].runs[0][0].digest)
    assert record.method == f"dann+{recipe}" and len(record.evaluations) == 2


def test_the_recipe_is_what_is_trained(tmp_path):
    """A linear probe ends with another network than the method's own stages."""
    packs = [*tiny_packs(), *tiny_packs(methods=("source_only+linear_probe",))]
    store = execute(tmp_path, packs)
    outputs = [load_record(store, pack.runs[0][0].digest).outputs for pack in packs]
    assert outputs[0] != outputs[1]


@pytest.mark.fast
@pytest.mark.parametrize(
    ("text", "recipe", "message"),
    [
        ("dann", "lpft", "unknown recipe 'lpft'. Did you mean: lp_ft"),
        ("dann+lpft", "", "unknown recipe 'lpft'. Did you mean: lp_ft"),
        ("dan+lp_ft", "slow.py:x", "does not exist"),
        ("dannn+lp_ft", "", "unknown method 'dannn'. Did you mean"),
        ("coral+lp_ft", "", "'coral' is of closed form: it has no stages, which recipe 'lp_ft'"),
        ("svm", "lp_ft", "'svm' is of closed form"),
    ],
)
def test_names_that_are_none(text, recipe, message):
    with pytest.raises(InputError, match=message):
        spec_of(text, recipe)


@pytest.mark.fast
def test_a_file_without_the_function(own):
    with pytest.raises(InputError, match=r"no function 'fast'; it has slow_encoder"):
        find_recipe(f"{own}:fast")
    own.write_text("limit = 3\n")
    with pytest.raises(InputError, match="no single function; it has none"):
        find_recipe(str(own))


@pytest.mark.fast
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_does_and_cites_its_paper(name):
    text = RECIPES[name].__doc__
    assert text and "(s_1, ..., s_n)  →" in text
    if name in REFERENCES:
        assert REFERENCES[name] in load_entries() and REFERENCES[name] in text
    learner = "shot" if name == "source_kept" else "dann"
    assert stages_of(find_method(learner).method, find_recipe(name).on(NETWORK))
