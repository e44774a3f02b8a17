"""The dashboard on a port of this machine, until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fairasr.core.errors import MissingExtraError, OutputError
from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library

HOST, PORT = "127.0.0.1", 8050
N_THREADS = 4


def serve(
    folder: str | Path, *, host: str = HOST, port: int = PORT, token: str = "", ready: Callable[[str], None] | None = None
) -> None:
    """Serve the dashboard of a folder of results until interrupted.

    Args:
        folder: of one result, or above several.
        host: address to listen on; any but this machine's own needs a token.
        port: 0 takes a free one.
        token: secret that the first address carries; "" for none.
        ready: told the address to open, once it answers.

    Raises:
        MissingExtraError: Flask or waitress is not installed.
        OutputError: the folder is not there, the port is in use, or the address needs a token.
    """
    library, access = Library(folder), Access(host=host, token=token)
    server = bound(application(library, access), host=host, port=port)
    try:
        if ready is not None:
            ready(address_of(host, port_of(server), token))
        server.run()
    finally:
        server.close()


def bound(app: Any, *, host: str, port: int) -> Any:
    """A server of the application that listens already.

    Raises:
        MissingExtraError: waitress is not installed.
        OutputError: the port or the address cannot be had.
    """
    try:
        from waitress.server import create_server
    except ImportError as error:
        raise MissingExtraError("the dashboard needs Flask and waitress: install fairasr[dashboard]") from error
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"cannot listen on {host} port {port}: {reason}. Another program, perhaps another dashboard, may be using it. "
            "Choose another with --port, or 0 for any that is free."
        ) from error
    return create_server(app, sockets=[listening], threads=N_THREADS, ident="fairasr", clear_untrusted_proxy_headers=True)


def port_of(server: Any) -> int:
    """The port that a bound server listens on."""
    return int(server.socket.getsockname()[1])


def address_of(host: str, port: int, token: str) -> str:
    """What to open in a browser."""
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/" + (f"?{urlencode({'token': token})}" if token else "")
