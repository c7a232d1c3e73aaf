"""The table of suites: what `--suite` may name."""

from __future__ import annotations

from xferlab.benchmark.suite import SuiteBuilder
from xferlab.benchmark.suites.digits import digits
from xferlab.benchmark.suites.quick import quick
from xferlab.core.names import NameTable

SUITES: NameTable[SuiteBuilder] = NameTable("suite", {"quick": quick, "digits": digits})
