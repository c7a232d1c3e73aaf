"""The command line: thin entry points on absl flags. Nothing below this package knows flags."""
