"""What the browser tests ask of a page, and the visit that asks it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

ACCESSIBILITY = """() => {
  const wrong = [];
  const named = e => e.getAttribute('aria-hidden') === 'true' || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')
      || e.querySelector(':scope > title');
  for (const table of document.querySelectorAll('table')) {
    if (!table.caption || !table.caption.textContent.trim()) wrong.push('table without caption');
    for (const head of table.querySelectorAll('th')) {
      if (!['row', 'col'].includes(head.scope)) wrong.push('th without scope: ' + head.textContent);
    }
    for (const row of table.tBodies[0].rows) if (row.cells[0].tagName !== 'TH') wrong.push('row without header');
  }
  for (const image of document.querySelectorAll('img, body svg')) {
    if (!image.parentElement.closest('svg') && !named(image)) wrong.push('image without name: ' + image.outerHTML.slice(0, 80));
  }
  let level = 0;
  for (const heading of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) wrong.push('heading jumps to ' + heading.textContent);
    level = next;
  }
  if (document.querySelectorAll('h1').length !== 1) wrong.push('not one h1');
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('id twice: ' + id);
  const names = [...document.querySelectorAll('[role=region]')].map(e => e.ariaLabel);
  for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) wrong.push('two regions named ' + name);
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    if (!document.getElementById(link.getAttribute('href').slice(1))) wrong.push('link to nowhere: ' + link.href);
  }
  for (const section of document.querySelectorAll('[aria-labelledby]')) {
    for (const id of section.getAttribute('aria-labelledby').split(' ')) {
      if (!document.getElementById(id)) wrong.push('label missing: ' + id);
    }
  }
  for (const box of document.querySelectorAll('*')) {
    const flow = getComputedStyle(box).overflowX;
    if ((flow === 'auto' || flow === 'scroll') && !(box.tabIndex === 0 && box.getAttribute('role') === 'region' && box.ariaLabel)) {
      wrong.push('scroll box that the keyboard cannot reach: ' + box.className);
    }
  }
  if (document.documentElement.lang !== 'en') wrong.push('no language');
  for (const landmark of ['header', 'nav', 'main', 'footer']) if (!document.querySelector(landmark)) wrong.push('no ' + landmark);
  return wrong;
}"""

CONTRAST = """() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const colour = text => text.match(/[\\d.]+/g).map(Number);
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let n = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || element.closest('figure svg')) continue;
    const style = getComputedStyle(element);
    const front = colour(element.closest('svg') ? style.fill : style.color);
    let behind = element, back = colour(getComputedStyle(behind).backgroundColor);
    while (back[3] === 0 && behind.parentElement) {
      behind = behind.parentElement;
      back = colour(getComputedStyle(behind).backgroundColor);
    }
    const [a, b] = [luminance(front), luminance(back)].sort((x, y) => y - x);
    n += 1;
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(element.className + ': ' + walker.currentNode.textContent.trim().slice(0, 40));
  }
  return {n, low};
}"""

OPENED = """() => {
  const all = [...document.querySelectorAll('details')];
  all.forEach(fold => fold.open = true);
  return all.length;
}"""

UNPRINTED = """() => [...document.querySelectorAll('details')]
  .filter(fold => getComputedStyle(fold).display !== 'none')
  .filter(fold => !fold.querySelector(':scope > :not(summary)').checkVisibility({contentVisibilityAuto: true}))
  .map(fold => fold.querySelector('summary').textContent)"""


class Visit:
    """One page opened from a file: what it asked for and what it complained of."""

    def __init__(
        self, browser: Browser, path: Path, *, width_px: int = 1280, scheme: Any = "light", bypass_csp: bool = False
    ) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width_px, "height": 900},
            color_scheme=scheme,
            offline=True,
            bypass_csp=bypass_csp,
            reduced_motion="reduce",
        )
        self.page: Page = self.context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.goto(path.as_uri())
