"""A part that raises after its first table."""

from benchmarks.device.page import Table


def measure(request):
    yield Table("t", ["a", "b"], [["1", "2"]])
    raise ValueError("the device is on fire")
