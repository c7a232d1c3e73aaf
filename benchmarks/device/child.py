"""One part in a process of its own: `python -m benchmarks.device.child MODULE REQUEST TABLES`.

A part that hangs, runs out of memory or takes the process down then costs its own minutes alone.
Each table goes to the file as soon as it is measured, one line of JSON.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import sys

from benchmarks.device.request import Request


def main(module: str, request: str, tables: str) -> None:
    """Measures a part; what it raises ends the process and is the last line of its errors."""
    from xferlab.cli.main import use_compilation_cache

    use_compilation_cache()
    measure = importlib.import_module(module).measure
    with open(tables, "a", encoding="utf-8") as file:
        for table in measure(Request.from_text(request)):
            file.write(json.dumps(dataclasses.asdict(table)) + "\n")
            file.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
