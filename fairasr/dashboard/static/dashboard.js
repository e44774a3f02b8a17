// The pages work without this script: every choice is a link. With it a choice changes the page in place.
"use strict";

const WHOLE = "tr, li, dl, a, defs, .shape";
let latest = 0;
let shown = location.pathname + location.search;

function main() {
  return document.getElementById("main");
}

function addressOf(link) {
  const given = link.getAttribute("href");
  return given ? new URL(given, location.href) : null;
}

function isChoice(address) {
  return address && address.origin === location.origin && address.pathname === location.pathname && !address.hash;
}

// Put the page at `address` in place of this one; scroll, folds and focus stay where they were.
async function show(address, { push = false, focus = null, announce = true } = {}) {
  const mine = ++latest;
  main().setAttribute("aria-busy", "true");
  let next = null;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    next = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch { /* told below */ }
  if (mine !== latest) return;
  // An answer without these is of something else, a proxy perhaps.
  if (!next || !next.getElementById("main") || !next.querySelector("h1") || !next.querySelector(".bar")) {
    main().removeAttribute("aria-busy");
    tell("The dashboard does not answer. Is it still running?");
    return watch();
  }
  document.title = next.title;
  if (next.querySelector("h1").textContent === document.querySelector("h1").textContent) {
    change(main(), next.getElementById("main"));
  } else {
    main().replaceWith(document.adoptNode(next.getElementById("main")));
  }
  change(document.querySelector(".bar"), next.querySelector(".bar"));
  if (push) history.pushState(null, "", address);
  shown = location.pathname + location.search;
  if (focus) focusOn(focus);
  const heading = main().querySelector("#run, #group") || main().querySelector("h1");
  if (announce && heading) tell(`Shown: ${heading.textContent.trim()}`);
  untip();
  watch();
}

// Make `old` what `next` is, touching only what differs: the browser need not lay out the rest again, and folds that are open,
// boxes that were scrolled and the keyboard's place stay.
function change(old, next) {
  const isSame = old.nodeName === next.nodeName && old.id === next.id;
  if (isSame && old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== next.nodeValue) old.nodeValue = next.nodeValue;
    return;
  }
  // Whole rows and lines are compared at once; comparing what holds them too would compare everything at every level.
  if (isSame && old.matches(WHOLE) && old.isEqualNode(next)) return;
  if (!isSame || old.nodeName === "AUDIO") {
    old.replaceWith(document.adoptNode(next));
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!next.hasAttribute(name) && !(old.nodeName === "DETAILS" && name === "open")) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  if (old.nodeName === "INPUT") old.value = next.value;
  const [were, are] = [[...old.childNodes], [...next.childNodes]];
  are.forEach((node, position) => {
    if (position < were.length) change(were[position], node);
    else old.append(document.adoptNode(node));
  });
  were.slice(are.length).forEach(node => node.remove());
}

function tell(words) {
  const status = document.getElementById("status");
  if (status) status.textContent = words;
}

// Where the keyboard was: the link of the same address in the same part of the page, else anywhere on it.
function focusOn({ href, within }) {
  const inside = part => [...(part ? part.querySelectorAll("a[href]") : [])].find(one => one.getAttribute("href") === href);
  const link = inside(within && document.querySelector(within)) || inside(main());
  if (link) link.focus({ preventScroll: true });
}

function partOf(element) {
  const part = element.closest("#controls, #listing, svg, section[aria-labelledby]");
  if (!part) return null;
  if (part.matches("section")) return `section[aria-labelledby="${part.getAttribute("aria-labelledby")}"]`;
  return part.id ? `#${part.id}` : ".fairasr-map";
}

document.addEventListener("click", event => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a[href]");
  if (!link || link.hasAttribute("download")) return;
  const address = addressOf(link);
  if (!isChoice(address)) return;
  event.preventDefault();
  show(address, { push: true, focus: { href: link.getAttribute("href"), within: partOf(link) } });
});

document.addEventListener("submit", event => {
  const form = event.target;
  if (form.method !== "get") return;
  const address = new URL(form.getAttribute("action") || location.pathname, location.href);
  if (address.pathname !== location.pathname) return;
  event.preventDefault();
  const wanted = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...wanted]) if (value === "") wanted.delete(name);
  address.search = wanted.toString();
  show(address, { push: true });
});

window.addEventListener("popstate", () => {
  // A jump within the page is no other page.
  if (location.pathname + location.search !== shown) show(location.href);
});

// A tip beside the pointer says what a shape's name says to screen readers, and its row in the table lights up.
let tip = null;

function untip() {
  if (tip) tip.remove();
  tip = null;
  document.querySelectorAll(".lit").forEach(link => link.classList.remove("lit"));
}

document.addEventListener("pointerover", event => {
  const link = event.target.closest && event.target.closest(".fairasr-map a, .fairasr-map .shape");
  const row = event.target.closest && event.target.closest("tbody tr");
  untip();
  if (row) {
    const name = row.querySelector("th a");
    if (!name) return;
    for (const shape of document.querySelectorAll(".fairasr-map a")) {
      if (shape.getAttribute("href") === name.getAttribute("href")) shape.classList.add("lit");
    }
    return;
  }
  if (!link) return;
  const title = link.querySelector("title");
  const words = link.getAttribute("aria-label") || (title && title.textContent);
  if (!words) return;
  tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("aria-hidden", "true");
  tip.textContent = words;
  document.body.append(tip);
  place(event);
});

document.addEventListener("pointermove", event => { if (tip) place(event); });
document.addEventListener("scroll", untip, { passive: true });

function place(event) {
  const room = 12;
  const left = Math.min(event.clientX + room, innerWidth - tip.offsetWidth - room);
  const below = event.clientY + room + tip.offsetHeight < innerHeight;
  tip.style.left = `${Math.max(left, room)}px`;
  tip.style.top = `${below ? event.clientY + room : event.clientY - room - tip.offsetHeight}px`;
}

// A job under way is asked after every few seconds, while somebody looks.
let timer = null;

function watch() {
  clearTimeout(timer);
  const seconds = Number(main().dataset.refresh);
  if (!seconds) return;
  timer = setTimeout(async () => {
    const isBusy = [...document.querySelectorAll("audio")].some(sound => !sound.paused);
    if (document.hidden || isBusy) return watch();
    await show(location.href, { announce: false });
  }, seconds * 1000);
}

watch();
