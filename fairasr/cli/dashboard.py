"""`fairasr dashboard`: results as a local web application, with maps to choose on and utterances to drill down to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def dashboard(
    *,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Of one result, or above several.")] = Path("reports"),
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="To listen on; any but this machine's own needs --token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, metavar="NUMBER", help="0: any that is free.")] = 8050,
    token: Annotated[
        str,
        typer.Option(
            "--token",
            envvar="FAIRASR_TOKEN",
            metavar="TEXT",
            show_default=False,
            help="Secret that the address must carry; better in FAIRASR_TOKEN, where other users of the machine cannot read it.",
        ),
    ] = "",
    browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Show results in the browser: maps of error rates, groups, utterances, before and after, fine-tuning jobs.

    Nothing leaves this machine. Results that appear or change while it runs are shown when a page is loaded again.
    """
    from fairasr.dashboard import serve

    def ready(address: str) -> None:
        typer.echo(f"Dashboard of {folder}: {address}\nStop it with Ctrl-C.")
        if browser:
            import webbrowser

            webbrowser.open(address)

    serve(folder, host=host, port=port, token=token, ready=ready)
