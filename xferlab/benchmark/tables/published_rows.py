"""Which published rows stand in the table of which suite, under our names of tasks and methods.

Only the mapping is here; the numbers are in `published/*.csv`, `published` joins the two. How the
tolerances were chosen is told in docs/published.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from xferlab.core.names import NameTable

AVERAGE = "average over tasks"
"""The task name of a method's average over all tasks of a table."""

NOT_STATED = "not stated"
"""The rule of a row whose source does not say how it was selected: compares with nothing."""

FIXED = "fixed"
"""The rule of a row that selects nothing (deterministic, fixed settings): compares with all."""

PROTOCOLS: NameTable[str] = NameTable(
    "published protocol",
    {
        "tll": "Transfer-Learning-Library: full training sets, LeNet with dropout (SVHN: DTN),"
        " batch 128 + 128, 20 x 2500 iterations, one run, best epoch on target test labels"
        " (oracle).",
        "ganin": "Ganin et al., JMLR 2016, Table 2: MNIST-M from BSDS500 patches, batch 64 + 64,"
        " one run, last checkpoint.",
        "shot": "Liang et al., ICML 2020: source-free, full training sets, batch 64, 30 epochs,"
        " mean of 3 runs, last checkpoint; source model by source test split.",
        "wdgrl": "Shen et al., AAAI 2018, repository: full USPS, one run, selection not stated.",
        "ada": "ADA library: 20 + 100 epochs, SGD with lr 0.001, batch 150, mean of 5 runs, last"
        " checkpoint; its source-only numbers differ much from other protocols'.",
        "collected": "Collected table of papers on subsets of 2000 MNIST and 1800 USPS images;"
        " splits, networks and selection differ between rows.",
        "jmlr": "Ganin et al., JMLR 2016, Table 1: 5000 counts, 2000 labelled source and 2000"
        " unlabelled target documents, one sigmoid hidden layer of 50 or 100, one example of each"
        " domain a step, one run; hyper-parameters by reverse validation.",
        "jmlr-msda": "Ganin et al., JMLR 2016, Table 1: as without mSDA, on 30000 features: the"
        " counts and 5 layers of mSDA with corruption 0.5, fitted on source and target.",
        "wdgrl-reviews": "Shen et al., AAAI 2018: 5000 counts, hidden layer of 500, batch 32 + 32,"
        " 10000 steps, best result on target labels over hyper-parameters (oracle).",
        "surf": "Collected table: 800-bin SURF histograms, all source examples labelled, all target"
        " examples unlabelled and tested, settings of the original papers, in most of them tuned"
        " on target labels.",
        "adatime": "Ragab et al., TKDD 2023: mean over ten pairs of subjects, 3-layer 1D CNN, 40"
        " epochs, batch 32, settings found by sweeps, macro F1; its CDAN minimises the entropy of"
        " target predictions too.",
    },
)


@dataclass(frozen=True, kw_only=True)
class PublishedPart:
    """Rows of a suite's table that share protocol, rule and tolerance.

    Attributes:
        origins: Keys of the origin file.
        protocol: Key of `PROTOCOLS`.
        rule: The selection rule of ours that it compares with, `fixed` or `not stated`.
        methods: Method as printed → method of ours; rows of other methods are left out.
        selection: Only rows with these words; '' for all.
        tolerance: Points; None where only the order of methods compares. Two printed standard
            deviations are allowed where they are more.
    """

    origins: tuple[str, ...]
    protocol: str
    rule: str
    methods: Mapping[str, str]
    selection: str = ""
    tolerance: float | None = None


@dataclass(frozen=True, kw_only=True)
class PublishedRows:
    """The published rows of a suite.

    Attributes:
        benchmark: Name of the packaged table.
        tasks: (source, target) as printed → task of ours; other rows are left out.
        parts: Those named first stand in the table where several have a (task, method).
        metric: Name of the metric here.
        n_tasks: How many tasks each value is an average of.
    """

    benchmark: str
    tasks: Mapping[tuple[str, str], str]
    parts: tuple[PublishedPart, ...]
    metric: str = "accuracy"
    n_tasks: int = 1


def _pairs(domains: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Returns the tasks between all ordered pairs of domains, given as printed → ours."""
    return {
        (source, target): f"{domains[source]}->{domains[target]}"
        for source in domains
        for target in domains
        if source != target
    }


DIGITS = PublishedRows(
    benchmark="digits",
    tasks={
        ("MNIST", "USPS"): "mnist->usps",
        ("USPS", "MNIST"): "usps->mnist",
        ("MNIST", "MNIST-M"): "mnist->mnistm",
        ("SVHN", "MNIST"): "svhn->mnist",
    },
    parts=(
        PublishedPart(
            origins=("tll/lenet", "tll/dtn"),
            protocol="tll",
            rule="oracle",
            methods={
                "Source Only": "source_only",
                "DANN": "dann",
                "ADDA": "adda",
                "DAN": "dan",
                "JAN": "jan",
                "CDAN": "cdan",
                "MCD": "mcd",
                "MCC": "mcc",
            },
            tolerance=3.0,
        ),
        PublishedPart(
            origins=("ganin/source-only", "ganin/dann"),
            protocol="ganin",
            rule="last",
            methods={"Source only": "source_only", "DANN": "dann"},
            tolerance=3.0,
        ),
        PublishedPart(
            origins=("shot",), protocol="shot", rule="last", methods={"SHOT": "shot"}, tolerance=3.0
        ),
        PublishedPart(
            origins=("shot/source-only",),
            protocol="shot",
            rule="source_accuracy",
            methods={"srconly": "source_only"},
            tolerance=3.0,
        ),
        PublishedPart(
            origins=("shot/target-only",),
            protocol="shot",
            rule=NOT_STATED,
            methods={"Oracle": "target_only"},
        ),
        PublishedPart(
            origins=("wdgrl",),
            protocol="wdgrl",
            rule=NOT_STATED,
            methods={
                "Source Only": "source_only",
                "DANN": "dann",
                "CORAL": "deep_coral",
                "WDGRL": "wdgrl",
            },
        ),
        PublishedPart(
            origins=("ada",),
            protocol="ada",
            rule="last",
            methods={
                "Source": "source_only",
                "DANN": "dann",
                "CDAN": "cdan",
                "CDAN-E": "cdan_e",
                "DAN": "dan",
                "JAN": "jan",
                "WDGRL": "wdgrl",
            },
            tolerance=3.0,
        ),
        PublishedPart(
            origins=("collected/jindongwang",),
            protocol="collected",
            rule=NOT_STATED,
            methods={"DANN": "dann", "ADDA": "adda"},
        ),
        PublishedPart(
            origins=("collected/artix41",),
            protocol="collected",
            rule=NOT_STATED,
            methods={"ADDA": "adda"},
        ),
    ),
)

_REVIEWS = _pairs({name: name for name in ("books", "dvd", "electronics", "kitchen")})

AMAZON_REVIEWS = PublishedRows(
    benchmark="amazon_reviews",
    tasks=_REVIEWS,
    parts=(
        PublishedPart(
            origins=("ganin/counts",),
            protocol="jmlr",
            rule="reverse_validation",
            methods={"DANN": "dann"},
            tolerance=2.0,
        ),
        PublishedPart(
            origins=("shen",),
            protocol="wdgrl-reviews",
            rule="oracle",
            methods={"WDGRL": "wdgrl"},
            tolerance=2.0,
        ),
    ),
)

AMAZON_REVIEWS_MSDA = PublishedRows(
    benchmark="amazon_reviews",
    tasks=_REVIEWS,
    parts=(
        PublishedPart(
            origins=("ganin/msda",),
            protocol="jmlr-msda",
            rule="reverse_validation",
            methods={"DANN (mSDA)": "dann"},
            tolerance=2.0,
        ),
    ),
)

_SURF_TOLERANCES = (
    ({"1NN": "nearest_neighbour", "PCA": "pca", "TCA": "tca", "JDA": "jda"}, 0.1),
    ({"CORAL": "coral", "SVM": "svm_rbf"}, 1.0),
    ({"GFK": "gfk"}, None),
)

OFFICE_CALTECH_SURF = PublishedRows(
    benchmark="office_caltech10",
    tasks=_pairs({"C": "caltech10", "A": "amazon", "W": "webcam", "D": "dslr"}),
    parts=tuple(
        PublishedPart(
            origins=("collected/surf",),
            protocol="surf",
            rule=FIXED,
            methods=methods,
            tolerance=tolerance,
        )
        for methods, tolerance in _SURF_TOLERANCES
    ),
)


def _adatime(origin: str) -> PublishedRows:
    """Returns the averages of AdaTime on one data set."""
    return PublishedRows(
        benchmark="adatime",
        tasks={("mean of 10 pairs", "mean of 10 pairs"): AVERAGE},
        parts=tuple(
            PublishedPart(
                origins=(origin,),
                protocol="adatime",
                rule=rule,
                methods={"Deep CORAL": "deep_coral", "DANN": "dann", "CDAN": "cdan_e"},
                selection=selection,
            )
            for rule, selection in (
                ("source_accuracy", "source-val (source risk)"),
                ("oracle", "oracle (target risk)"),
            )
        ),
        metric="macro_f1",
        n_tasks=10,
    )


PUBLISHED: NameTable[PublishedRows] = NameTable(
    "suite with published numbers",
    {
        "digits": DIGITS,
        "amazon_reviews": AMAZON_REVIEWS,
        "amazon_reviews_msda": AMAZON_REVIEWS_MSDA,
        "office_caltech_surf": OFFICE_CALTECH_SURF,
        "har_subjects": _adatime("adatime/ucihar"),
        "wisdm_users": _adatime("adatime/wisdm"),
        "hhar_users": _adatime("adatime/hhar"),
    },
)
