"""What is said of a suite wherever its runs are shown, also when the suite is not at hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence


@dataclasses.dataclass(frozen=True, kw_only=True)
class SuiteHeader:
    """What tables and reports say about a suite.

    Attributes:
        name: the name on the command line, and of the files that are written.
        title: the heading of its tables.
        protocol: sentences that stand under every table: data, network, budget, deviations.
        validator: the label-free validator whose selection stands beside 'last' and 'oracle';
            'reverse_validation' trains every run a second time.
        published: the packaged table of published numbers for its tasks, '' for none.
        baseline: the method that the others are tested against.
        metric: the metric of its table unless another is asked for.
        further_metrics: each has a table of its own behind it, unless another is asked for.
        class_names: task → names of its classes, label i the i-th; the suite fills it in.
    """

    name: str
    title: str
    protocol: tuple[str, ...]
    validator: str = "information_maximisation"
    published: str = ""
    baseline: str = "source_only"
    metric: str = "accuracy"
    further_metrics: tuple[str, ...] = ()
    class_names: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
