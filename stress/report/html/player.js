"use strict";
// A film and where it stands. Position 0 is the state after set-up, position n the state after n steps; a step can be
// taken back because each change has the value before. See engine/explore/film.py for what is in a film.

class Player {
  constructor(film) {
    this.film = film;
    this.at = 0;
    this.words = new Map(film.start); // cell -> value, both numbers of rows of the film's tables
    this.cellOf = new Map(film.cells.map((cell, number) => [cell.slice(0, 3).join(" "), number]));
  }

  get length() {
    return this.film.steps.length;
  }

  // The step that led here, null at the start.
  get step() {
    return this.at ? this.film.steps[this.at - 1] : null;
  }

  // What holds now: [status, stack] of each CPU, locks, frames, store buffers.
  get scene() {
    return this.sceneOf(this.at ? this.film.steps[this.at - 1].scene : this.film.first);
  }

  get sceneBefore() {
    return this.sceneOf(this.at > 1 ? this.film.steps[this.at - 2].scene : this.film.first);
  }

  sceneOf([cpus, locks, frames, buffers]) {
    const film = this.film;
    return { cpus, locks: film.locks[locks], frames: film.frames[frames], buffers: film.buffers[buffers] };
  }

  go(position) {
    const target = Math.max(0, Math.min(this.length, position));
    while (this.at < target) {
      for (const [cell, , after] of this.film.steps[this.at].changes) this.words.set(cell, after);
      this.at += 1;
    }
    while (this.at > target) {
      this.at -= 1;
      for (const [cell, before] of this.film.steps[this.at].changes) this.words.set(cell, before);
    }
  }

  // cell -> value before, of what the last step has changed
  get changed() {
    return new Map((this.step ? this.step.changes : []).map(([cell, before]) => [cell, before]));
  }

  // --- rows of the film's tables, in words ---

  value(number) {
    const [digits, text = "", entry = 0, pointer = 0] = number === undefined ? ["0"] : this.film.values[number];
    return { digits, entry, pointer, zero: digits === "0", text: text || numeral(digits) };
  }

  cell(number) {
    const [kind, owner, index, cached = 0] = this.film.cells[number];
    return { kind, owner, index, cached, name: cellName(kind, owner, index) };
  }

  wordAt(kind, owner, index) {
    const number = this.cellOf.get(`${kind} ${owner} ${index}`);
    return { number, value: this.value(this.words.get(number)) };
  }

  place(number) {
    if (number < 0) return null;
    const [file, line, text] = this.film.places[number];
    return { file, line, text, where: `${file}:${line}` };
  }

  stack(number) {
    const [names, place] = this.film.stacks[number];
    return { names: names.map((name) => this.film.names[name]), place: this.place(place) };
  }

  cpu(number) {
    return number < 0 ? "at rest" : `CPU${number} ${this.film.cpus[number][0]}`;
  }

  // For each position the frame that the last step with one was about.
  frames() {
    const about = [0];
    for (const step of this.film.steps) about.push(this.frameOf(step) || about[about.length - 1]);
    return about;
  }

  // The frame that a step is about, 0 for none.
  frameOf(step) {
    for (const number of [...step.changes.map(([cell]) => cell), step.touches]) {
      if (number === undefined) continue;
      const cell = this.cell(number);
      if (cell.kind !== "word") return cell.owner;
    }
    return 0;
  }
}

function cellName(kind, owner, index) {
  if (kind === "word") return index ? `${owner}[${index}]` : owner;
  return kind === "pt" ? `pt ${owner}[${index}]` : `page ${owner} +${8 * index}`;
}

function numeral(digits) {
  return digits.length === 1 && digits <= "9" ? digits : `0x${digits}`;
}

// One half of a 64-bit word: two members of a descriptor share it.
function half(digits, high) {
  const padded = digits.padStart(16, "0");
  return (high ? padded.slice(0, 8) : padded.slice(8)).replace(/^0+(?=.)/, "");
}
