"""Scores are given what the task shows, and nothing else."""

from tests.benchmark.tiny import execute, tiny_suite, tiny_task
from xferlab.benchmark.grid import Candidate, make_packs
from xferlab.core.settings import Setting
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.losses import entropy
from xferlab.methods import Method, Term, method


@method
class Entropy(Method):
    """A foreign method that adapts without the source."""

    settings = (Setting.SOURCE_FREE, Setting.UNSUPERVISED_DA)

    def loss(self, nets, batch, ctx):
        logits = nets.apply(batch.target.inputs).logits
        return {"entropy": Term(entropy(logits).mean())}


def scored(root, setting):
    suite = tiny_suite(task=tiny_task().with_setting(setting))
    (pack,) = make_packs(suite, [Candidate("own", Entropy())], seeds=1, width=1)
    store = execute(root, [pack])
    lines = store.read(pack.runs[0][0].digest)["metrics"]
    return [set(line["validators"]) for line in lines if line["kind"] == "evaluation"]


def test_validators_do_not_see_a_source_that_the_task_hides(tmp_path):
    without = {name for name, validator in VALIDATORS.items() if not validator.needs_source}
    assert without < set(VALIDATORS)
    assert scored(tmp_path / "a", Setting.SOURCE_FREE) == [without] * 2
    assert scored(tmp_path / "b", Setting.UNSUPERVISED_DA) == [set(VALIDATORS)] * 2
