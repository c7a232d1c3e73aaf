"""How measurements are shown and kept: a table, the same in Markdown, and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from absl import flags
from rich.console import Console
from rich.table import Table

from xferlab.benchmark.runs.environment import describe_environment
from xferlab.core.errors import InputError
from xferlab.core.files import disk_errors, write_aside
from xferlab.core.names import NameTable

Rows = Sequence[Sequence[str]]


def parse_flags(program: str, argv: Sequence[str], networks: NameTable[Any]) -> flags.FlagValues:
    """Returns the flags that the measurements share.

    Args:
        program: name of the measurement.
        argv: the flags as typed.
        networks: the networks to choose from.

    Raises:
        SystemExit: after --help, and with a message for a flag or network that does not exist.
    """
    values = flags.FlagValues()
    flags.DEFINE_list("networks", list(networks), "what is trained", flag_values=values)
    flags.DEFINE_integer("rounds", 7, "rounds of measurement", lower_bound=1, flag_values=values)
    flags.DEFINE_integer(
        "steps", 0, "steps of a measurement; 0: as many as take 0.3 seconds", lower_bound=0,
        flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string("out", "", "file for the figures as JSON", flag_values=values)
    if "--help" in argv:
        print(values.get_help())
        raise SystemExit(0)
    try:
        values([program, *argv])
        for name in values.networks:
            networks[name]
    except (flags.Error, InputError) as error:
        raise SystemExit(f"{program}: {error}") from error
    return values


def cores() -> int:
    """Returns the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def describe_machine() -> dict[str, Any]:
    """Returns versions, device, cores and load as plain JSON."""
    environment = describe_environment(1)
    del environment["runs_per_program"]
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return environment | {"usable_cores": cores(), "load_at_start": load}


def show_machine(machine: dict[str, Any]) -> None:
    """Prints versions, device, cores and load."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    rest = ", ".join(f"{name} {value}" for name, value in machine.items() if name != "versions")
    Console().print(f"{versions}\n{rest}", highlight=False, soft_wrap=True)
    if (machine["load_at_start"] or 0.0) > 0.5:
        print(
            f"The machine is busy (load {machine['load_at_start']}): measure again when it is idle."
            " PyTorch's figures suffer most, as its threads wait for each other many times a step."
        )


def show_table(title: str, header: Sequence[str], rows: Rows) -> None:
    """Prints a table for the eye and the same in Markdown."""
    table = Table(title=title)
    for i, name in enumerate(header):
        table.add_column(name, justify="right" if i else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    console.print(table)
    console.print(markdown(header, rows), highlight=False, soft_wrap=True)


def markdown(header: Sequence[str], rows: Rows) -> str:
    """Returns the table in Markdown."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows)) + "\n"


def write_json(path: str, content: dict[str, Any]) -> None:
    """Writes the figures; an empty path writes nothing."""
    if path:
        with disk_errors(Path(path)):
            write_aside(Path(path), json.dumps(content, indent=1).encode())
