"""What adapter and sampler of a kept stage are to its identity, and the weights that it leaves."""

from __future__ import annotations

import pytest

from tests.benchmark.tiny import execute, tiny_suite
from xferlab.benchmark.runs.kept import kept_packs
from xferlab.benchmark.runs.plan import Candidate, make_packs
from xferlab.benchmark.store.load import load_record
from xferlab.benchmark.store.spec import RunSpec
from xferlab.core.settings import Setting, View
from xferlab.core.tree_files import tree_from_bytes
from xferlab.methods.base import Stage
from xferlab.methods.recipes import FROZEN_ENCODER, Recipe
from xferlab.methods.source_only import SourceOnly
from xferlab.models.adapters import LoRA

SOURCE = Setting("source_alone", source=View.LABELS)
KEPT = Stage(SourceOnly(), setting=SOURCE, kept=True)


def packs_of(**changes):
    """Runs that begin with a kept stage."""

    def kept_first(stages):
        return (KEPT._replace(**changes), *stages)

    candidate = Candidate("k", SourceOnly(), recipe=Recipe((("kept_first", kept_first),), "1"))
    return make_packs(tiny_suite(), [candidate], seeds=1, width=1)


def kept_spec_of(**changes):
    ((spec, _),) = kept_packs(packs_of(**changes), 1)[0].runs
    return spec


@pytest.mark.fast
def test_adapter_and_sampler_of_a_kept_stage_are_part_of_its_identity():
    specs = [kept_spec_of(adapter=a) for a in (None, LoRA(1), LoRA(2), LoRA(2, scale=2.0))]
    specs += [kept_spec_of(sampler="per_class")]
    assert len({spec.digest for spec in specs}) == 5
    assert not {"adapter", "sampler"} & set("".join(specs[0].kept).split('"'))
    for spec in specs:
        assert RunSpec.from_json(spec.to_json()) == spec


def test_kept_weights_are_the_merged_ones(tmp_path):
    packs = packs_of(adapter=LoRA(2), rates=FROZEN_ENCODER)
    store = execute(tmp_path, packs)
    spec, _ = packs[0].runs[0]
    weights = tree_from_bytes(store.read(spec.start)["weights"])
    assert set(weights["params"]) == {"encoder", "heads"}
    assert len(load_record(store, spec.digest).evaluations) == spec.training.evaluations
