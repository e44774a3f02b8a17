"""Take the README's pictures of the committed demo report, in headless Chromium with the network off.

python docs/images/take.py
"""

from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
REPORT = HERE.parents[1] / "reports" / "demo" / "report" / "report.html"
OFFLINE = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND")
PICTURES = {"wide": (1280, 1500), "phone": (375, 1100)}


def main() -> None:
    """Write demo-wide.png, demo-phone.png and demo-map.png beside this file."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(OFFLINE))
        for name, (width, height) in PICTURES.items():
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(REPORT.as_uri())
            page.screenshot(path=HERE / f"demo-{name}.png")
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.goto(REPORT.as_uri())
        page.locator("figure").first.screenshot(path=HERE / "demo-map.png")
        browser.close()


if __name__ == "__main__":
    main()
