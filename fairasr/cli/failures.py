"""What a verb that listens says of the recordings that it could not use."""

from __future__ import annotations

from collections.abc import Mapping

import typer

N_SHOWN = 5


def tell_failures(failures: Mapping[str, str], *, total: int, done: str) -> None:
    """Print how many recordings failed, and why the first did.

    Args:
        failures: utterance_id -> reason.
        total: recordings in all.
        done: to them: "transcribed", "embedded".
    """
    if not failures:
        return
    typer.echo(f"{len(failures):,} of {total:,} recordings could not be {done}:")
    for utterance, reason in list(failures.items())[:N_SHOWN]:
        typer.echo(f"- {utterance}: {reason}")
    if len(failures) > N_SHOWN:
        typer.echo(f"- and {len(failures) - N_SHOWN:,} more")
