"""A part that never comes back."""

import time

from benchmarks.device.page import Table


def measure(request):
    yield Table("t", ["a", "b"], [["1", "2"]])
    time.sleep(600)
