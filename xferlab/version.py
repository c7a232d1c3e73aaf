"""The version of the package, read by setup.cfg."""

VERSION = "0.1.0"
