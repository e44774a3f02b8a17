"""Take the README's pictures of the dashboard: the demo's results and a committed job, headless, with the network off.

python docs/images/take_dashboard.py
"""

import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import sync_playwright

from fairasr.dashboard.access import Access
from fairasr.dashboard.app import application
from fairasr.dashboard.results import Library
from fairasr.dashboard.serving import bound, port_of

HERE = Path(__file__).resolve().parent
JOB = HERE.parents[1] / "reports" / "accent_archive_whisper"
OFFLINE = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)
REGION = "/result/demo/report?method=geo-tree&cohort=region+01"
PICTURES = (
    ("overview", "/", (1440, 1000), "light", "main"),
    ("region", REGION, (1440, 1000), "light", ".controls"),
    ("change", "/result/whisper", (1440, 1000), "dark", ".controls"),
    ("phone", REGION, (375, 760), "light", ".counted"),
)
"""Name, address, size of the window, colours, and what stands at the top."""


def main() -> None:
    """Write dashboard-*.png beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "reports"
        subprocess.run([sys.executable, "-m", "fairasr", "demo", "-o", str(root / "demo")], check=True)
        shutil.copytree(JOB, root / "whisper")
        server = bound(application(Library(root), Access(host="127.0.0.1")), host="127.0.0.1", port=0)
        threading.Thread(target=server.run, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(OFFLINE))
            for name, address, (width, height), colours, top in PICTURES:
                size = {"width": width, "height": height}
                page = browser.new_page(viewport=size, color_scheme=colours, reduced_motion="reduce")
                page.goto(f"http://127.0.0.1:{port_of(server)}{address}")
                page.evaluate("query => document.querySelector(query).scrollIntoView()", top)
                page.screenshot(path=HERE / f"dashboard-{name}.png")
            browser.close()


if __name__ == "__main__":
    main()
