"""Flags of one command: parsed without touching absl's global flags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from absl import flags

from xferlab.benchmark.runs.options import FEEDS
from xferlab.core.errors import InputError, unknown_name
from xferlab.evaluation.metric_table import METRICS

WORDS = "true or false is meant"
NEVER_EMPTY = (
    "config",
    "data_dir",
    "methods",
    "network",
    "out",
    "recipe",
    "source",
    "suite",
    "target",
)
"""Flags whose empty value means nothing, if it is given; left out they have a default."""


def parse(values: flags.FlagValues, argv: Sequence[str], *, positional: int = 0) -> list[str]:
    """Parses a command's flags and returns its positional arguments.

    Args:
        values: the command's flags.
        argv: the command's name and what follows it.
        positional: how many positional arguments the command takes.

    Raises:
        InputError: for an unknown flag (with the closest ones), a bad value, or another number of
            positional arguments.
        SystemExit: after printing the flags, for --help.
    """
    if any(argument in ("--help", "-h", "--helpfull") for argument in argv):
        print(f"xferlab {argv[0]}\n{values.main_module_help() or values.get_help()}", flush=True)
        raise SystemExit(0)
    try:
        rest = values(list(argv))[1:]
    except flags.UnrecognizedFlagError as error:
        raise unknown_name("flag", error.flagname, values) from error
    except flags.Error as error:
        words = re.sub(r"\('Non-boolean argument to boolean flag', .*\)", WORDS, str(error))
        raise InputError(f"{words}. `xferlab {argv[0]} --help` lists the flags") from error
    _refuse_unsaid(values)
    if len(rest) != positional:
        raise InputError(
            f"takes {positional} argument(s) beside its flags, got {rest}; flags are written"
            " --name=value"
        )
    return rest


def _refuse_unsaid(values: flags.FlagValues) -> None:
    """Raises InputError for what would be passed over: a second value, or none for a path."""
    for name in values:
        flag = values[name]
        if flag.present > 1 and not isinstance(flag, flags.MultiFlag):
            raise InputError(f"flag --{name} is given {flag.present} times; give it once")
        if flag.present and flag.value in ("", [""]) and name in NEVER_EMPTY:
            raise InputError(f"flag --{name}= is empty; give a value, or leave the flag out")


def define_suite_flags(values: flags.FlagValues) -> None:
    """Defines the flags by which a suite is chosen and changed."""
    flags.DEFINE_string("suite", "quick", "which suite (xferlab list)", flag_values=values)
    flags.DEFINE_string(
        "data_dir", None, "folder with the data sets of the suite", flag_values=values
    )
    flags.DEFINE_integer(
        "steps", 0, "training steps; 0: the suite's own", lower_bound=0, flag_values=values
    )
    flags.DEFINE_string("out", "runs", "folder of runs, tables and report", flag_values=values)
    flags.DEFINE_bool(
        "debug", False, "stop a run at the first number that is not finite, and name it; slower, in"
        " OUT/debug", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_enum(
        "feed", "auto", FEEDS, "where training data are: on the device if they take at most half of"
        " its memory, always, or streamed from the host", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_string(
        "mesh", "", "RxD: spread the runs of a program over R devices and the examples of a batch"
        " over D; empty: one device", flag_values=values,
    )  # fmt: skip
    flags.DEFINE_multi_string(
        "method", [], "one more method: a name, or path/to/file.py:Class", flag_values=values
    )
    flags.DEFINE_string(
        "recipe", "", "how all methods are trained: a name, or path/to/file.py:function",
        flag_values=values,
    )  # fmt: skip


def define_presentation_flags(values: flags.FlagValues) -> None:
    """Defines the flags that choose what a table shows."""
    flags.DEFINE_string(
        "metric",
        "",
        f"of {', '.join(METRICS)}, HEAD/ before it for a head beside the classes, several with"
        " commas: a table for each; knn_probe@K takes K neighbours; empty: the suite's own",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "interval",
        "t",
        ["t", "bootstrap"],
        "kind of the 95 percent intervals over seeds",
        flag_values=values,
    )
    flags.DEFINE_string(
        "validator", "", "label-free selection; empty: the suite's own", flag_values=values
    )
