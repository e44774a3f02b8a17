"""The dashboard over 126 regions and 1,000,000 utterances beside Dash with plotly: first view, filters, server CPU and memory.

Either server is a process of its own over the same files, behind the same waitress; the browser is Chromium with the network off.
A time runs from the navigation or the press until the page shows what was asked for and two frames have passed. Rounds alternate,
and a ratio is the median of the ratios within rounds. The peer does what its documentation shows: a choropleth of own polygons, a
table of groups, a table of utterances paged by the server. It sorts them before it is timed, and has no borders, intervals, aligned
words or confused words to draw. Where `make bench` could not install Dash, only the dashboard is timed. Linux only: CPU and
memory are those of /proc.

    python benchmarks/dashboard.py
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

from dashboard_parts.large_audit import METHOD, N_REGIONS, N_UTTERANCES, PLACES, SYSTEM, write_audits
from playwright.sync_api import Browser, Page, sync_playwright

COLD_ROUNDS, ROUNDS = 5, 12
FIRST_VIEW_MS, FILTER_MS = 2000, 300
HOST, CHROMIUM = "127.0.0.1", "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-sync"]
FLAGS += ["--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]
OWN, PEER, PEERS = "fairasr", "Dash", Path(sys.prefix) / "peers"
ACTIONS = ("region on the map", "group in the table", "another measure", "words to find", "next page")

CLOCK = """
window.began = 0;
for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, () => { began = performance.now(); }, true);
window.until = isReady => new Promise((tell, fail) => {
  const told = () => tell(performance.now() - began);
  const look = () => {
    if (performance.now() - began > 30000) fail(new Error(`not shown within 30 s: ${isReady}`));
    requestAnimationFrame(isReady() ? () => requestAnimationFrame(told) : look);
  };
  look();
});
window.text = query => (document.querySelector(query) || {textContent: ''}).textContent;
"""
"""In every page: milliseconds from the last press, or the navigation, until something is so and two frames have passed."""

PAGES: dict[str, dict[str, str]] = {
    OWN: {
        "path": "/result/{place}",
        "shapes": ".fairasr-map a.shape-link",
        "groups": "[aria-labelledby=groups] tbody tr",
        "group links": "[aria-labelledby=groups] tbody th a",
        "lines": "ol.utterances > li",
        "first line": "ol.utterances .name",
        "pages": ".pages li:not(:has(a))",
        "clear": "#group ~ p a",
        "measure": "#controls a:has-text('wrong words')",
        "measure shown": "text('#controls ul[aria-labelledby=choice-measure] a[aria-current]') === 'wrong words'",
        "next": ".pages a[rel=next]",
    },
    PEER: {
        "path": "/",
        "shapes": ".choroplethlayer path",
        "groups": "#cohorts tbody tr:has(td)",
        "group links": "#cohorts td[data-dash-column=description]",
        "lines": "#utterances tbody tr:has(td)",
        "first line": "#utterances td[data-dash-column=utterance_id]",
        "pages": "#utterances .last-page",
        "clear": "#clear",
        "measure": "#measure label:has-text('wrong words')",
        "measure shown": "text('#map .cbtitle') === 'wrong words'",
        "next": "#utterances button.next-page",
    },
}
"""Of either page: where things are."""


class Server:
    """A server in a process of its own."""

    def __init__(self, side: str, folder: Path) -> None:
        command = [sys.executable, __file__, "serve", side, str(folder)]
        environment = os.environ | ({"PYTHONPATH": str(PEERS)} if side == PEER else {})
        self.side, self._process = side, subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self._process.stdout is not None
        self.address = f"http://{HOST}:{int(self._process.stdout.readline())}" + PAGES[side]["path"].format(place=folder.name)

    def cpu_ms(self) -> float:
        """CPU milliseconds so far, all threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return 1e3 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self) -> float:
        """Most memory so far, pages of the files it reads in place included."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()


def serve(side: str, folder: Path) -> None:
    """Be a server: print the port, answer until killed."""
    from fairasr.dashboard.access import Access
    from fairasr.dashboard.app import application
    from fairasr.dashboard.results import Library
    from fairasr.dashboard.serving import bound, port_of

    if side == OWN:
        app = application(Library(folder.parent), Access(host=HOST))
    else:
        from dashboard_parts import dash_peer

        app = dash_peer.application(folder, system=SYSTEM, method=METHOD)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a browser asks for more files at once than there are threads
    server = bound(app, host=HOST, port=0)
    print(port_of(server), flush=True)
    server.run()


@contextmanager
def visitor(browser: Browser) -> Iterator[Page]:
    """A page of a browser that was never here."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(CLOCK)
    yield context.new_page()
    context.close()


class Visit:
    """One side's page in a browser, and what was measured of it."""

    def __init__(self, server: Server, page: Page, times: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
        self._server, self._page, self._times, self._at = server, page, times, PAGES[server.side]

    def view(self, name: str) -> None:
        """Open the page: map, groups and utterances."""
        at, cpu = self._at, self._server.cpu_ms()
        self._page.goto(self._server.address, wait_until="commit")
        counted = " && ".join(
            f"document.querySelectorAll({at[what]!r}).length >= {n}"
            for what, n in (("shapes", N_REGIONS), ("groups", N_REGIONS), ("lines", 25))
        )
        self._note(name, f"document.readyState === 'complete' && {counted}", cpu)

    def act(self, number: int) -> None:
        """Everything that a round does after the page is there; `number` makes every round ask for something new."""
        page, at = self._page, self._at
        region = page.locator(at["shapes"]).nth((9 * number + 4) % N_REGIONS)
        region.scroll_into_view_if_needed()
        box = region.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(100)  # plotly looks what is below the pointer before it takes a press
        self._press(ACTIONS[0], lambda: (page.mouse.down(), page.mouse.up()), "text('#group').startsWith('region')")
        link = page.locator(at["group links"]).locator("visible=true").nth(number % 5)
        wanted = link.text_content()
        self._press(ACTIONS[1], link.click, f"text('#group') === {wanted!r}")
        self._press("", page.locator(at["clear"]).click, "text('#group') === 'All speakers'")
        self._press(ACTIONS[2], page.locator(at["measure"]).click, at["measure shown"], is_list_new=False)
        page.locator("#find").fill("abcdefghijklmnopqrstuvwxyz"[number] + "e")
        self._press(ACTIONS[3], lambda: page.locator("#find").press("Enter"), "true")
        self._press(ACTIONS[4], page.locator(at["next"]).click, "true")

    def _press(self, name: str, press: Any, is_shown: str, *, is_list_new: bool = True) -> None:
        """Press something, and wait until what it leads to is shown; without a name it is not counted."""
        listed = f"text({self._at['first line']!r}) + text({self._at['pages']!r})"
        before, cpu = self._page.evaluate(listed), self._server.cpu_ms()
        press()
        self._note(name, f"{is_shown} && ({listed}" + (f") !== {before!r}" if is_list_new else ")"), cpu)

    def _note(self, name: str, is_ready: str, cpu: float) -> None:
        spent = self._page.evaluate(f"until(() => {is_ready})")
        if name:
            self._times.setdefault((name, self._server.side), []).append((spent, self._server.cpu_ms() - cpu))

    def size_kb(self) -> float:
        """Kilobytes of the page and of all it loaded."""
        entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        return float(self._page.evaluate(f"{entries}.reduce((sum, one) => sum + one.decodedBodySize, 0)")) / 1e3


def main() -> None:
    sides = [OWN, PEER] if (PEERS / "dash").is_dir() else [OWN]
    times: dict[tuple[str, str], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        root = Path(name)
        write_audits(root)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for _ in range(COLD_ROUNDS):
            for place in PLACES:
                for side in sides:
                    cold(browser, Server(side, root / place), f"first view, cold, {place}", times)
        servers = [Server(side, root / "us") for side in sides]
        about = {}
        with visitor(browser) as own, visitor(browser) if len(sides) > 1 else nullcontext() as peer:
            visits = [Visit(server, page, times) for server, page in zip(servers, (own, peer), strict=False)]
            for visit in visits:
                visit.view("")
                about[visit] = visit.size_kb()
            for number in range(ROUNDS):
                for visit in visits:
                    visit.view("first view, warm")
                    visit.act(number)
        print(f"{N_REGIONS} regions, {N_UTTERANCES:,} utterances; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        report(times, sides)
        for server, (_, size) in zip(servers, about.items(), strict=True):
            print(f"{server.side}: server's peak memory {server.peak_mib():.0f} MiB, page with all it loads {size:,.0f} kB")
            server.stop()
        browser.close()
    if PEER not in sides:
        print(f"Dash is not installed: pip install --target {PEERS} --group bench")


def cold(browser: Browser, server: Server, name: str, times: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
    """The first page that a server gives, to a browser that was never here."""
    with visitor(browser) as page:
        Visit(server, page, times).view(name)
    server.stop()


def report(times: dict[tuple[str, str], list[tuple[float, float]]], sides: list[str]) -> None:
    """Print one line for each thing measured: median and worst, CPU of the server, the peer's beside it and the ratio."""
    print(f"{'ms, median and worst':24}" + "".join(f"{side:>10}{'worst':>8}{'CPU':>7}" for side in sides) + f"{'ratio':>9}  goal")
    for name in dict.fromkeys(name for name, _ in times):
        goal = FIRST_VIEW_MS if name.startswith("first") else FILTER_MS
        spent = {side: [one for one, _ in times[name, side]] for side in sides}
        line = "".join(
            f"{median(spent[side]):10.0f}{max(spent[side]):8.0f}{median(cpu for _, cpu in times[name, side]):7.0f}"
            for side in sides
        )
        ratio = f"{median(p / o for o, p in zip(spent[OWN], spent[PEER], strict=True)):8.1f}x" if PEER in sides else ""
        print(f"{name:24}{line}{ratio:>9}  {goal}: {'met' if median(spent[OWN]) <= goal else 'missed'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], Path(sys.argv[3]))
    else:
        main()
