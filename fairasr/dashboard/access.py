"""Who may see the dashboard, and what its pages may do: private transcripts stay with whom they belong."""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Mapping

from fairasr.core.errors import OutputError

COOKIE = "fairasr-dashboard"
SHORTEST_TOKEN = 16

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Headers of every answer: pages load nothing but what this server gives, and leave nothing in a cache."""

REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy of the full report, which carries its style within and no script."""


class Access:
    """Whether a request may be answered.

    Args:
        host: address the server listens on.
        token: secret that the first address must carry; "" for none, which only this machine's own addresses may do without.

    Raises:
        OutputError: the address can be reached from other machines and there is no token, or the token is short.
    """

    def __init__(self, *, host: str, token: str = "") -> None:
        self.token = token
        self._is_local = is_loopback(host)
        if not token and not self._is_local:
            raise OutputError(
                f"the dashboard shows private data and {host!r} can be reached from other machines. Give --token with at least "
                f"{SHORTEST_TOKEN} characters, for example {secrets.token_urlsafe(18)}, or listen on 127.0.0.1."
            )
        if token and len(token) < SHORTEST_TOKEN:
            raise OutputError(f"the token has {len(token)} characters; at least {SHORTEST_TOKEN} keep guesses out.")

    def is_own_host(self, host_header: str) -> bool:
        """Whether the request was addressed to this machine by one of its own names.

        A page elsewhere whose name was pointed at 127.0.0.1 sends its own name here, and is refused. Behind a token, any name
        will do: such a page does not know it.
        """
        return bool(self.token) or is_loopback(_name_of(host_header))

    def is_token(self, given: str) -> bool:
        """Whether `given` is the token, in time that does not depend on where it differs."""
        return bool(self.token) and hmac.compare_digest(given.encode(), self.token.encode())

    def cookie(self) -> str:
        """What the browser keeps in place of the token."""
        return hmac.new(self.token.encode(), COOKIE.encode(), "sha256").hexdigest()

    def is_known(self, cookie: str) -> bool:
        """Whether a browser that holds `cookie` came in by the token; everybody is known where there is none."""
        return not self.token or hmac.compare_digest(cookie.encode(), self.cookie().encode())


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _name_of(host_header: str) -> str:
    """The name in a Host header, without its port."""
    if host_header.startswith("["):
        return host_header[1:].partition("]")[0]
    return host_header.rpartition(":")[0] if host_header.count(":") == 1 else host_header
