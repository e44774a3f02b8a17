"""`fairasr`: one verb per file, errors as one message, exit status by outcome.

0 done; 1 a FairasrError, its message and no traceback; 2 wrong usage; 3 a gate exceeded; 4 a gate inconclusive;
130 interrupted, with the last good output still there.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from fairasr.cli.audit import audit
from fairasr.cli.compare import compare
from fairasr.cli.dashboard import dashboard
from fairasr.cli.demo import demo
from fairasr.cli.discover import discover
from fairasr.cli.embed import embed
from fairasr.cli.groups import with_groups
from fairasr.cli.methods import methods
from fairasr.cli.mitigate import mitigate
from fairasr.cli.mix import mix
from fairasr.cli.report import report
from fairasr.cli.score import score
from fairasr.cli.train import train
from fairasr.cli.transcribe import transcribe
from fairasr.cli.turns import turns
from fairasr.cli.validate import validate
from fairasr.cli.verify import VERBS as VERIFY_VERBS
from fairasr.version import __version__

run = typer.Typer(
    name="fairasr",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _telling(verb: Callable[..., None]) -> Callable[..., None]:
    """The verb, with what fairasr raises told as one message; core is imported only once a verb runs."""

    @functools.wraps(verb)
    def telling(*arguments: object, **options: object) -> None:
        from fairasr.cli.wording import as_options
        from fairasr.core.errors import FairasrError

        try:
            verb(*arguments, **options)
        except FairasrError as error:
            print(f"{type(error).__name__}: {as_options(str(error))}", file=sys.stderr)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            print("Interrupted. What was written before is still there, and nothing is half written.", file=sys.stderr)
            raise typer.Exit(130) from None

    return telling


for _verb in (
    audit,
    compare,
    validate,
    score,
    discover,
    embed,
    transcribe,
    mitigate,
    train,
    mix,
    turns,
    report,
    dashboard,
    methods,
    demo,
):
    run.command(_verb.__name__)(_telling(with_groups(_verb)))

_verify = typer.Typer(no_args_is_help=True, help="Speaker verifiers: how often they err on each group of speakers.")
for _verb in VERIFY_VERBS:
    _verify.command(_verb.__name__)(_telling(with_groups(_verb)))
run.add_typer(_verify, name="verify")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@run.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Find the speakers a recogniser fails, and say honestly by how much."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a character of a name or a minus sign shows "?", not a traceback.
            stream.reconfigure(errors="replace")
