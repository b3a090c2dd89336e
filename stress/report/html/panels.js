"use strict";
// The panels of a viewer: each is a function from a player to elements. Text only ever becomes text nodes.

function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

// A change has a sign and a word besides its colour.
const SIGNS = { set: "+", cleared: "−", changed: "~" };

function changeOf(player, before, after) {
  const [was, is] = [player.value(before), player.value(after)];
  if (was.digits === is.digits) return "";
  return was.zero ? "set" : is.zero ? "cleared" : "changed";
}

function mark(how) {
  if (!how) return null;
  return el("span", { class: `sign ${how}` }, SIGNS[how], el("span", { class: "spoken" }, ` ${how} `));
}

function titled(title, ...content) {
  return el("section", { class: "panel" }, el("h4", {}, title), ...content);
}

// --- the CPUs ---

function cpuPanel(player) {
  const scene = player.scene;
  const cards = player.film.cpus.map(([, context], cpu) => cpuCard(player, scene, cpu, context));
  const step = player.step;
  if (step && step.cpu < 0) cards.push(restCard(player, step));
  return el("div", { class: "cpus" }, cards);
}

function cpuCard(player, scene, cpu, context) {
  const [status, at] = scene.cpus[cpu];
  const acts = Boolean(player.step) && player.step.cpu === cpu;
  const lines = [];
  if (acts) lines.push(codeLine("did", player.stack(player.step.stack), player.step.text, player.step.fails));
  const failed = failedCheck(player, cpu);
  if (failed) lines.push(failed);
  const over = failed || (acts && player.step.fails); // it goes no further
  if (status !== "done" && !over) lines.push(codeLine(status === "ready" ? "next" : "stands", player.stack(at), "", ""));
  const said = statusText(player, scene, cpu, status);
  const buffered = (scene.buffers[cpu] || []).map((text) => el("li", {}, text));
  return el("div", { class: `cpu cpu${cpu % 8}${acts ? " acts" : ""} ${status}` },
    el("h5", {}, acts ? "▶ " : "", player.cpu(cpu), context === "process" ? "" : ` (${context})`,
      el("span", { class: "status" }, said)),
    lines,
    buffered.length ? el("div", {}, "in its store buffer, oldest first:", el("ol", { class: "buffer" }, buffered)) : null);
}

function statusText(player, scene, cpu, status) {
  if (status === "done") return "finished";
  if (status === "asleep") return "waits for a word to change";
  if (status === "blocked") {
    const lock = scene.locks.find(([, , waits]) => waits.some(([thread]) => thread === cpu));
    return lock ? `waits for ${lock[0]}` : "waits";
  }
  return "";
}

function codeLine(label, { names, place }, text, fails) {
  return el("div", { class: `line ${label}` },
    el("div", { class: "stack" }, el("span", { class: "label" }, label), " ", names.join(" › ")),
    place ? el("code", {}, place.text || "(source not found)") : null,
    place ? el("div", { class: "where" }, place.where) : null,
    text || fails ? el("div", { class: "what" }, text, fails ? el("strong", { class: "fails" }, ` ✗ ${fails}`) : null) : null);
}

// A check or a warning is no step: where it stands, if the execution ends with it.
function failedCheck(player, cpu) {
  const violation = player.film.violation;
  const place = violation && !["deadlock", "livelock"].includes(violation.kind) ? player.place(violation.place) : null;
  if (!place || violation.cpu !== cpu || player.at < player.length || (player.step && player.step.fails)) return null;
  return codeLine("fails", { names: [], place }, "", violation.kind);
}

function restCard(player, step) {
  return el("div", { class: "cpu acts rest" }, el("h5", {}, "▶ the check at rest"),
    codeLine("did", player.stack(step.stack), step.text, step.fails), failedCheck(player, -1));
}

// --- what the step has changed ---

function changePanel(player) {
  const step = player.step;
  const rows = (step ? step.changes : []).flatMap(([cell, before, after]) => changeRows(player, cell, before, after));
  rows.push(...lockRows(player));
  const [now, then] = [player.scene.frames, player.sceneBefore.frames];
  for (const pfn of Object.keys(now)) {
    const was = then[pfn] || [0, "", {}];
    if (was[0] !== now[pfn][0]) {
      const how = now[pfn][0] ? "set" : "cleared";
      rows.push(el("li", {}, mark(how), `page ${pfn} is ${now[pfn][1]}`));
    }
    for (const [union, name] of Object.entries(now[pfn][2])) {
      if (was[2][union] !== name) rows.push(el("li", {}, mark("changed"), `page ${pfn}: live member ${name}`));
    }
  }
  const none = step ? "nothing" : "the state after set-up";
  return titled("This step changes", rows.length ? el("ul", { class: "changes" }, rows) : el("p", { class: "dim" }, none));
}

// Holds and waits that come or go with this step.
function lockRows(player) {
  const list = (scene) => new Set(scene.locks.flatMap(([name, held, waits]) => [
    ...held.map(([cpu, how]) => `${name}: ${how} hold of ${player.cpu(cpu)}`),
    ...waits.map(([cpu, how]) => `${name}: ${player.cpu(cpu)} waits (${how})`)]));
  const [then, now] = [list(player.sceneBefore), list(player.scene)];
  return [...[...now].filter((text) => !then.has(text)).map((text) => el("li", {}, mark("set"), text)),
    ...[...then].filter((text) => !now.has(text)).map((text) => el("li", {}, mark("cleared"), text))];
}

function changeRows(player, number, before, after) {
  const cell = player.cell(number);
  if (cell.kind !== "page") return [changeRow(player, cell.name, before, after)];
  const [was, is] = [player.value(before), player.value(after)];
  return player.film.unions.filter(([offset]) => offset >> 3 === cell.index).map(([offset, width, names]) => {
    const [a, b] = [part(was, offset, width), part(is, offset, width)];
    if (a === b) return null;
    const how = a === "0" ? "set" : b === "0" ? "cleared" : "changed";
    return el("li", {}, mark(how), `page ${cell.owner} ${liveName(player, cell.owner, offset) || names[0]}: ${a} → ${b}`);
  }).filter(Boolean);
}

// The member through which a word of a descriptor is in use, "" if none is live.
function liveName(player, pfn, offset) {
  const frame = player.scene.frames[pfn];
  const union = player.film.unions.findIndex(([at]) => at === offset);
  return frame ? frame[2][union] || "" : "";
}

function changeRow(player, name, before, after) {
  return el("li", {}, mark(changeOf(player, before, after)), `${name}: ${player.value(before).text} → ${player.value(after).text}`);
}

// --- page tables as trees ---

const SHOWN = 24; // entries of one table

function treePanel(player) {
  const tables = tablesOf(player);
  const seen = new Set();
  const roots = [];
  player.film.cells.forEach((row, number) => {
    if (row[0] !== "word" || row[3]) return;
    const value = player.value(player.words.get(number));
    if (value.pointer) roots.push(el("li", {}, el("b", {}, player.cell(number).name), " → ", tableNode(player, tables, value.pointer, seen, 0)));
  });
  const loose = [...tables.keys()].filter((pfn) => !seen.has(pfn)).sort((a, b) => a - b)
    .map((pfn) => el("li", {}, tableNode(player, tables, pfn, seen, 0)));
  if (!roots.length && !loose.length) return null;
  return titled("Page tables", roots.length ? el("ul", { class: "tree" }, roots) : el("p", { class: "dim" }, "no word leads to a table"),
    loose.length ? el("div", {}, el("p", { class: "dim" }, "not linked:"), el("ul", { class: "tree" }, loose)) : null);
}

// The frames that words of software lead to, through tables too.
function linkedTables(player) {
  const tables = tablesOf(player);
  const seen = new Set();
  const todo = [];
  player.film.cells.forEach(([kind, , , cache = 0], number) => {
    if (kind === "word" && !cache) todo.push(player.value(player.words.get(number)).pointer);
  });
  while (todo.length) {
    const pfn = todo.pop();
    if (!pfn || seen.has(pfn)) continue;
    seen.add(pfn);
    for (const [, cell] of tables.get(pfn) || []) todo.push(player.value(player.words.get(cell)).entry);
  }
  return seen;
}

// frame -> [[entry, cell]] of all entries that are ever in use
function tablesOf(player) {
  const tables = new Map();
  player.film.cells.forEach(([kind, pfn, index], number) => {
    if (kind !== "pt") return;
    if (!tables.has(pfn)) tables.set(pfn, []);
    tables.get(pfn).push([index, number]);
  });
  for (const rows of tables.values()) rows.sort((a, b) => a[0] - b[0]);
  return tables;
}

function tableNode(player, tables, pfn, seen, depth) {
  const again = seen.has(pfn);
  seen.add(pfn);
  const state = player.scene.frames[pfn];
  const freed = state && !state[0];
  const head = [`pt ${pfn}`, freed ? el("strong", { class: "fails" }, ` ✗ ${state[1]}`) : null];
  if (again || depth > 7) return el("span", {}, head, again ? " (see above)" : "");
  const changed = player.changed;
  const touched = player.step ? player.step.touches : undefined;
  const rows = (tables.get(pfn) || []).filter(([, cell]) => changed.has(cell) || cell === touched || !player.value(player.words.get(cell)).zero);
  const items = rows.slice(0, SHOWN).map(([index, cell]) => {
    const value = player.value(player.words.get(cell));
    const how = changed.has(cell) ? changeOf(player, changed.get(cell), player.words.get(cell)) : "";
    return el("li", { class: how || (cell === touched ? "touched" : "") }, mark(how), `[${index}] ${value.text}`,
      cell === touched && !how ? el("span", { class: "spoken" }, " accessed") : null,
      value.entry ? [" → ", tableNode(player, tables, value.entry, seen, depth + 1)] : null);
  });
  if (rows.length > SHOWN) items.push(el("li", { class: "dim" }, `… ${rows.length - SHOWN} more entries`));
  const empty = items.length ? null : el("span", { class: "dim" }, " empty");
  return el("span", {}, head, empty, items.length ? el("ul", {}, items) : null);
}

// --- the descriptor ---

function pagesOf(player) {
  const pages = new Set(player.film.cells.filter(([kind]) => kind !== "word").map(([, pfn]) => pfn));
  return [...pages].sort((a, b) => a - b);
}

// `follows`: which page it shows by itself; `chosen`: the one that the reader wants, 0 for none.
function descriptorPanel(player, follows, chosen, choose) {
  const pages = pagesOf(player);
  if (!pages.length) return null;
  const pfn = chosen || follows || pages[0];
  const state = player.scene.frames[pfn] || [0, "never used", {}];
  const picker = el("select", { "aria-label": "page", onchange: (event) => choose(Number(event.target.value)) },
    el("option", { value: 0, selected: !chosen }, chosen ? "that of the step" : `page ${pfn}`),
    pages.filter((page) => chosen || page !== pfn).map((page) => el("option", { value: page, selected: page === chosen }, `page ${page}`)));
  const rows = player.film.unions.map(([offset, width, names], union) => {
    const { number, value } = player.wordAt("page", pfn, offset >> 3);
    const now = part(value, offset, width);
    const before = player.changed.has(number) ? part(player.value(player.changed.get(number)), offset, width) : now;
    const how = before === now ? "" : before === "0" ? "set" : now === "0" ? "cleared" : "changed";
    const live = state[2][union];
    return el("tr", { class: how }, el("td", {}, `+${offset}`),
      el("td", {}, names.map((name, i) => [i ? " / " : "", name === live ? el("b", {}, `${name} (live)`) : name])),
      el("td", {}, mark(how), how ? `${before} → ${now}` : now));
  });
  const table = el("table", {}, el("caption", {}, picker, ` ${state[1]}`),
    el("thead", {}, el("tr", {}, ["byte", "member", "value"].map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows));
  return titled("struct page, 64 bytes", el("div", { class: "wide" }, table));
}

// A member's value in words.
function part(value, offset, width) {
  if (width === 8) return value.digits === "5a5a5a5a5a5a5a5a" ? "garbage" : value.text;
  const digits = half(value.digits, offset % 8 !== 0);
  const number = parseInt(digits, 16);
  if (number < 0x80000000) return String(number);
  const signed = String(number - 0x100000000);
  return signed === "-1" ? signed : `${numeral(digits)} (${signed})`; // a page type, or less than nothing
}

// --- locks, caches, words ---

function lockPanel(player) {
  const before = new Map(player.sceneBefore.locks.map((row) => [row[0], JSON.stringify(row)]));
  const rows = player.scene.locks.map((row) => {
    const [name, held, waits] = row;
    const how = before.get(name) === JSON.stringify(row) ? "" : "changed";
    return el("tr", { class: how }, el("th", { scope: "row" }, mark(how), name),
      el("td", { class: "holders" }, held.map(([cpu, mode, place]) => el("div", {}, `${cpu < 0 ? "the check at rest" : player.cpu(cpu)} (${mode}, ${player.place(place).where})`)),
        held.length ? null : "nobody"),
      el("td", {}, waits.map(([cpu, mode]) => el("div", {}, `${player.cpu(cpu)} (${mode})`)), waits.length ? null : "nobody"));
  });
  if (!rows.length) return titled("Locks", el("p", { class: "dim" }, "nobody holds one"));
  return titled("Locks", el("div", { class: "wide" }, el("table", {},
    el("thead", {}, el("tr", {}, ["lock", "held by", "waits"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows))));
}

function wordPanel(player, cached) {
  const changed = player.changed;
  const linked = cached ? linkedTables(player) : null;
  const rows = [];
  let any = false;
  player.film.cells.forEach(([kind, , , cache = 0], number) => {
    if (kind !== "word" || Boolean(cache) !== cached) return;
    any = true;
    const value = player.value(player.words.get(number));
    const how = changed.has(number) ? changeOf(player, changed.get(number), player.words.get(number)) : "";
    if (value.zero && !how) return;
    const state = value.pointer ? player.scene.frames[value.pointer] : null;
    const freed = cached && state && !state[0] ? el("strong", { class: "fails" }, ` ✗ ${state[1]}`) : null;
    const loose = cached && state && state[0] && !linked.has(value.pointer) ? el("strong", { class: "doubt" }, " (not linked)") : null;
    rows.push(el("li", { class: how }, mark(how), `${player.cell(number).name} = ${value.text}`, freed, loose));
  });
  if (!any) return null;
  return titled(cached ? "Cached by the hardware" : "Words",
    rows.length ? el("ul", { class: "words" }, rows) : el("p", { class: "dim" }, cached ? "nothing" : "all 0"));
}
