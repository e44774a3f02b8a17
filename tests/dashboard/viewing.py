"""A dashboard on a free port, and a window that looks at it and counts what it asks for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.dashboard.serving import bound, port_of


@contextmanager
def serving(root: Path, *, token: str = "") -> Iterator[str]:
    """A dashboard of `root` on a free port; its address."""
    server = bound(application(Library(root), Access(host="127.0.0.1", token=token)), host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port_of(server)}"
    finally:
        server.trigger.pull_trigger(server.close)
        thread.join(timeout=10)


class Viewer:
    """One window: what it asked for, what it complained of."""

    def __init__(self, browser: Browser, base: str, *, width_px: int = 1280, scheme: Any = "light", script: bool = True) -> None:
        self.base = base
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width_px, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=script,
            accept_downloads=True,
        )
        self.page: Page = self.context.new_page()
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, address: str) -> Page:
        """Go to an address of the dashboard."""
        self.page.goto(self.base + address)
        return self.page

    def leave(self) -> None:
        """Close the window; nothing was asked for elsewhere and nothing was complained of."""
        self.context.close()
        outside = [url for url in self.requests if not url.startswith((self.base, "data:", "blob:", "file:"))]
        assert self.requests, "nothing was looked at"
        assert outside == []
        assert self.complaints == []
