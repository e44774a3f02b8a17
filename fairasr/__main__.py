"""`python -m fairasr` is the command `fairasr`."""

from fairasr.cli.main import run

run()
