"""A part that is measured."""

from benchmarks.device.page import Table


def measure(request):
    yield Table("t", ["a", "b"], [["1", "2"]])
