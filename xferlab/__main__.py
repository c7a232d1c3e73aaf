"""`python -m xferlab` is the console command."""

from xferlab.cli.main import run

if __name__ == "__main__":
    run()
