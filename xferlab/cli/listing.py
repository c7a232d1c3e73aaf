"""`xferlab list`: what there is, a line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from absl import flags
from rich.table import Table

from xferlab.benchmark.suites.quick import quick
from xferlab.benchmark.suites.suite import SuiteRequest
from xferlab.benchmark.suites.table import COLLECTIONS, SUITES
from xferlab.cli.console import Terminal
from xferlab.cli.parsing import parse
from xferlab.core.names import first_line
from xferlab.data.catalogue.domains import describe_domains
from xferlab.evaluation.validators.table import VALIDATORS
from xferlab.methods.recipes import RECIPES
from xferlab.methods.table import ALL_METHODS
from xferlab.models.backbones import BACKBONES

OF_DATA = [
    *((name, "digits") for name in ("mnist->usps", "usps->mnist", "mnist->mnistm", "svhn->mnist")),
    ("books->dvd and 11 more", "amazon_reviews, amazon_reviews_msda"),
    (
        "caltech10->amazon and 11 more",
        "office_caltech_surf, office_caltech_images, office_caltech_finetuned",
    ),
    ("photo->sketch and 11 more", "pacs"),
    ("2->11 and 9 more", "har_subjects"),
    ("7->18 and 9 more", "wisdm_users"),
    ("0->6 and 9 more", "hhar_users"),
    ("others->george and 5 more", "fsdd_speakers"),
    ("u00->u01 and 5 more", "spam_users"),
]
"""Tasks of suites that read data, which a listing does not."""


def run(argv: Sequence[str]) -> int:
    """List suites, tasks, domains, methods, recipes, networks, validators."""
    parse(flags.FlagValues(), argv)
    console = Terminal()
    for title, rows in sections():
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        for name, description in rows:
            table.add_row(f"  {name}", description)
        console.print(table)
    return 0


def sections() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yields every table of names with one line of description for each."""
    yield "suites", [(name, first_line(suite)) for name, suite in SUITES.items()]
    yield (
        "collections of suites",
        [(name, f"{each.title}: {', '.join(each.suites)}") for name, each in COLLECTIONS.items()],
    )
    yield "tasks", _tasks()
    yield "domains", describe_domains()
    yield "methods", [(name, first_line(type(method))) for name, method in ALL_METHODS.items()]
    yield "recipes", [(name, first_line(recipe)) for name, recipe in RECIPES.items()]
    yield "networks", [(name, first_line(network)) for name, network in BACKBONES.items()]
    yield "validators", [(name, first_line(type(v))) for name, v in VALIDATORS.items()]


def _tasks() -> list[tuple[str, str]]:
    known = [(each.task.name, "quick") for each in quick(SuiteRequest()).tasks]
    return [(name, f"in suite {suite}") for name, suite in known + OF_DATA]
