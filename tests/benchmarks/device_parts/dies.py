"""A part that takes its process down."""

import os

from benchmarks.device.page import Table


def measure(request):
    yield Table("t", ["a", "b"], [["1", "2"]])
    os._exit(7)
