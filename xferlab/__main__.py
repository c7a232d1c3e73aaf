"""`python -m xferlab` is the console command."""

from xferlab.cli.main import run

run()
