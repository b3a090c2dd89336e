"use strict";
// Viewers: one for each finding that has a film, made when its finding is opened. The text picture stays below.

const viewers = new Map(); // signature -> viewer
let active = null; // the one that keys on the page go to

class Viewer {
  constructor(signature, host, film) {
    this.signature = signature;
    this.player = new Player(film);
    this.frames = this.player.frames();
    this.chosen = 0; // the page of which the reader wants to see the descriptor; 0: the one that the step is about
    this.build(host);
    this.go(0);
  }

  build(host) {
    const n = this.player.length;
    const button = (text, label, act) => el("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);
    this.back = button("◀", "one step back (left, k)", () => this.go(this.player.at - 1));
    this.forward = button("▶", "one step forward (right, j)", () => this.go(this.player.at + 1));
    this.slider = el("input", { type: "range", min: 0, max: n, value: 0, "aria-label": "step", oninput: () => this.go(Number(this.slider.value)) });
    this.link = el("a", { class: "steplink" });
    this.status = el("p", { class: "now", role: "status", "aria-live": "polite" });
    this.list = el("ol", { class: "steps", "aria-label": "steps", tabindex: 0 }, this.player.film.steps.map((step, i) => this.row(step, i + 1)));
    this.left = el("div", { class: "column" });
    this.right = el("div", { class: "column right" });
    const steps = el("section", { class: "panel last" }, el("h4", {}, "Steps"), this.list);
    this.element = el("div", { class: "viewer", role: "group", "aria-label": `race viewer, ${n} steps`, tabindex: 0, onkeydown: (event) => this.key(event), onfocusin: () => { active = this; }, onpointerdown: () => { active = this; } },
      el("div", { class: "controls" }, button("|◀", "to the start (Home)", () => this.go(0)), this.back, this.forward,
        button("▶|", "to the end (End)", () => this.go(n)), this.slider, this.link),
      this.status,
      el("div", { class: "stage" }, el("div", { class: "column both" }, this.left, steps), this.right));
    host.append(this.element);
  }

  row(step, position) {
    const who = step.cpu < 0 ? "rest" : `CPU${step.cpu}`;
    return el("li", { class: `cpu${step.cpu < 0 ? "rest" : step.cpu % 8} ${step.kind}`, onclick: () => this.go(position) },
      el("span", { class: "who" }, `${position} ${who}`), ` ${step.text}`, step.fails ? el("strong", { class: "fails" }, ` ✗ ${step.fails}`) : null);
  }

  go(position, quiet = false) {
    this.player.go(position);
    const player = this.player;
    this.say();
    this.draw();
    this.back.disabled = player.at === 0;
    this.forward.disabled = player.at === player.length;
    this.slider.value = String(player.at);
    const hash = `#finding=${this.signature}&step=${player.at}`;
    this.link.href = hash;
    this.link.textContent = `${player.at}/${player.length}`;
    this.link.setAttribute("aria-label", `link to step ${player.at} of ${player.length}`);
    if (!quiet && active === this) remember(hash);
  }

  say() {
    const { at, length, step, film } = this.player;
    const skipped = film.skipped ? ` (${film.skipped} steps before are not shown)` : "";
    let text = `Before the first step${skipped}`;
    if (step) text = `Step ${at} of ${length}: ${this.player.cpu(step.cpu)}: ${step.text}`;
    const violation = film.violation;
    const ends = at === length && violation;
    this.status.replaceChildren(text, ends ? el("strong", { class: "fails" }, ` ✗ ${violation.kind}: ${violation.message}`) : "");
  }

  draw() {
    const player = this.player;
    const choose = (pfn) => {
      this.chosen = pfn;
      this.draw();
      const again = this.right.querySelector("select");
      if (again) again.focus();
    };
    const ends = player.at === player.length && player.film.ending.length
      ? titled("In the end", el("ul", {}, player.film.ending.map((line) => el("li", {}, line)))) : null;
    const keep = (panels) => panels.filter((panel) => panel !== null);
    this.left.replaceChildren(...keep([cpuPanel(player), changePanel(player), lockPanel(player), ends]));
    this.right.replaceChildren(...keep([treePanel(player), wordPanel(player, true), descriptorPanel(player, this.frames[player.at], this.chosen, choose), wordPanel(player, false)]));
    const rows = this.list.children;
    if (this.current) this.current.removeAttribute("aria-current");
    this.current = player.at ? rows[player.at - 1] : null;
    if (this.current) {
      this.current.setAttribute("aria-current", "step");
      const top = this.current.offsetTop;
      if (top < this.list.scrollTop || top > this.list.scrollTop + this.list.clientHeight - 40) this.list.scrollTop = top - this.list.clientHeight / 2;
    }
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.tagName === "SELECT") return;
    const at = this.player.at;
    const to = { ArrowLeft: at - 1, k: at - 1, ArrowRight: at + 1, j: at + 1, Home: 0, End: this.player.length }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    active = this;
    this.go(to);
  }
}

function remember(hash) {
  try {
    history.replaceState(null, "", hash);
  } catch {
    // a sandboxed page may not: the link beside the buttons still works
  }
}

function viewerOf(details) {
  const signature = details.dataset.finding;
  if (viewers.has(signature)) return viewers.get(signature);
  const film = document.getElementById(`film-${signature}`);
  if (!film) return null;
  const viewer = new Viewer(signature, details.querySelector(".screen"), JSON.parse(film.textContent));
  viewers.set(signature, viewer);
  const picture = details.querySelector("details.picture");
  if (picture) picture.open = false;
  return viewer;
}

// `#finding=SIG&step=7`: open the finding, go to the step, bring it into sight.
function follow() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const signature = wanted.get("finding");
  if (!signature) return;
  const details = [...document.querySelectorAll("details[data-finding]")].find((each) => each.dataset.finding === signature);
  if (!details) return;
  details.open = true;
  const viewer = viewerOf(details);
  if (viewer && wanted.has("step")) {
    active = viewer;
    viewer.go(Number(wanted.get("step")) || 0, true);
    viewer.element.focus({ preventScroll: true });
    viewer.element.scrollIntoView();
    return;
  }
  details.scrollIntoView();
}

document.addEventListener("toggle", (event) => {
  if (event.target.matches && event.target.matches("details[data-finding]") && event.target.open && !printing.length) viewerOf(event.target);
}, true);
for (const details of document.querySelectorAll("details[data-finding][open]")) viewerOf(details);
if (document.querySelectorAll("details[data-finding]").length === 1) active = [...viewers.values()][0] || null;
document.addEventListener("keydown", (event) => {
  const inForm = ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName);
  if (!inForm && active && active.element.isConnected && !["Home", "End"].includes(event.key)) active.key(event);
});
document.addEventListener("click", (event) => {
  const link = event.target.closest && event.target.closest('a[href^="#finding="]');
  if (link && link.hash === location.hash) follow();
});
window.addEventListener("hashchange", follow);
// Paper shows every text picture; viewers stay on the screen.
let printing = [];
window.addEventListener("beforeprint", () => {
  printing = [...document.querySelectorAll("details:not([open])")];
  for (const details of printing) details.open = true;
});
window.addEventListener("afterprint", () => {
  for (const details of printing) details.open = false;
  printing = [];
});
follow();
