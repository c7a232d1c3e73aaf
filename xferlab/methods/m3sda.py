"""M3SDA: the first two moments of several sources and the target are brought together."""

from __future__ import annotations

from typing import ClassVar

from xferlab.core.batch import AdaptationBatch
from xferlab.losses.moments import moment_distance
from xferlab.methods.base import Context, Method, Stage, Term, Terms, method, number
from xferlab.methods.supervised import supervised
from xferlab.models.nets import Nets


@method
class M3SDA(Method):
    """Moment matching for multi-source adaptation: its moment distance.

        L = mean CE(h(f(x_s)), y_s) + weight · MD
        MD = Σ_{k=1,2} ( mean_i ||E f(s_i)^k - E f(t)^k|| + mean_{i<j} ||E f(s_i)^k - E f(s_j)^k|| )

    s_i is the i-th of the sources, t the target. A batch has as many examples of each source. With
    a single source the second mean is empty, and source and target are matched.

    Attributes:
        weight: of the moment distance; the paper's λ, for which we found no value in it.

    References:
        Peng, Bai, Xia, Huang, Saenko, Wang: Moment Matching for Multi-Source Domain Adaptation.
        ICCV 2019, arXiv:1812.01754; the moment distance is its definition 1.

    Differences from the paper: this is the moment distance with one classifier for all sources.
    There each source has one, or in the variant β a pair that is trained as in MCD, and predictions
    are averaged with weights; those are not here.

    Differences from the authors' code (M3SDA/code_MSDA_digit in VisionLearningGroup's web site,
    metric/msda.py and solver_MSDA.py): there one pair of classifiers serves four sources, with
    MCD's three updates. Its distance has five moments; the first term of it compares centred
    batches row by row instead of means, higher moments are of centred features, the fourth source
    is not centred, nor are its powers and means taken; the pair of the third and fourth source is
    missing, that of the second and fourth stands twice. The sum is divided by 6 and weighs 0.0005.
    """

    reference: ClassVar[str] = "peng2019m3sda"
    weight: float = number(default=1.0, least=0.0)

    def stages(self) -> tuple[Stage, ...]:
        """Returns one stage, whose batches have equally many examples of each source."""
        return (Stage(self, sampler="per_domain"),)

    def loss(self, nets: Nets, batch: AdaptationBatch, ctx: Context) -> Terms:
        """Returns the classification and the moment term."""
        source, target = nets.forward(batch)
        domain_id, domains = batch.source.domain_id, nets.source_domains
        distance = moment_distance(source.features, target.features, domain_id, domains=domains)
        return {**supervised(nets, source, batch), "moments": Term(distance, self.weight)}
