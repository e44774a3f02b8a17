"""`python -m fairasr` is `fairasr`."""

from fairasr.cli.main import run

run(prog_name="fairasr")
