"""What a kill -9 costs a campaign's store: `python -m benchmarks.store_kill [times]`.

A process begins and ends rounds without a pause, three in flight, and writes a line to a log before and after each
write to the store. It is killed at a random moment, again and again, on one store; after each kill the store is held
against the log: what was said to be written is there, what was not begun is not, the rounds in flight are lost and no
other, no round ran after it was done, and findings and coverage are the sums over the rounds that are done.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from stress.campaign.cell import Cell, Round, seed_of
from stress.findings.signature import findings_of
from stress.store.store import Store
from stress.store.view import RoundRow, View, look

IN_FLIGHT = 3
CELLS = [Cell("counter", "plain", perturb=f"yield:0.{n}") for n in range(1, 5)]
SEED = 1


Key = tuple[str, int]
#: The last thing that was said of a round -> the states it may have in the store; "" if it is not there.
STATES = {"beginning": ("", "started", "lost"), "begun": ("started", "lost"), "ending": ("started", "lost", "done"),
          "ended": ("done",)}


def victim(folder: Path, path: Path) -> None:
    """Rounds until it is killed. Says `ready` on standard output when the store is open."""
    store = Store.open(folder) if (folder / "campaign.sqlite").exists() else Store.create(
        folder, seed=SEED, config={}, names=[])
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(what: str, round_: Round) -> None:
        os.write(log, f"{what} {round_.cell.perturb} {round_.number}\n".encode())

    resumed = store.resumed()
    todo = [(cell, number) for cell in CELLS if cell.key in resumed for number in resumed[cell.key].lost]
    next_of = {cell: resumed[cell.key].next if cell.key in resumed else 0 for cell in CELLS}
    flying: list[tuple[int, Round]] = []
    os.write(log, b"opened - 0\n")
    print("ready", flush=True)
    while True:
        if not todo:
            cell = min(CELLS, key=lambda each: next_of[each])
            todo.append((cell, next_of[cell]))
            next_of[cell] += 1
        cell, number = todo.pop(0)
        round_ = Round(cell, number, seed_of(SEED, cell, number), seconds=1.0)
        say("beginning", round_)
        flying.append((store.begin(round_), round_))
        say("begun", round_)
        if len(flying) == IN_FLIGHT:
            row, round_ = flying.pop(round_.seed % IN_FLIGHT)
            say("ending", round_)
            store.end(row, result_of(round_), findings_of(round_.cell, result_of(round_)))
            say("ended", round_)


def result_of(round_: Round) -> dict[str, Any]:
    """What a round brings: a function of its seed."""
    violations = [{"kind": "check", "message": "m", "where": f"mine.py:{line}", "other": "", "count": 2}
                  for line in (round_.seed % 7,) if line < 3]
    return {"outcome": "clean", "verdict": "as-expected", "why": "", "expected": "clean", "seconds": 1.0,
            "violations": violations, "faults": [],
            "coverage": [[f"mine.py:{round_.seed % 11}", f"mine.py:{round_.seed % 5}", 1 + round_.seed % 3]]}


def killed(folder: Path, path: Path, seconds: float) -> int:
    """One victim, killed `seconds` after it began to work; returns how many rounds were in flight."""
    with subprocess.Popen([sys.executable, "-m", "benchmarks.store_kill", "--victim", str(folder), str(path)],
                          stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
    return checked(folder, read(path))


def read(log: Path) -> list[tuple[str, Key]]:
    """What the victims have said, in order. A round is (perturb, number)."""
    lines = [line.split() for line in log.read_text().splitlines()]
    return [(what, (perturb, int(number))) for what, perturb, number in lines]


def checked(folder: Path, said: list[tuple[str, Key]]) -> int:
    """Hold the store against the log; returns how many rounds the last kill has cost.

    Raises:
        AssertionError: something is lost that was written, or there that was not, or blamed that was not in flight.
    """
    opened = max(number for number, (what, _) in enumerate(said) if what == "opened")
    last = {key: (number, what) for number, (what, key) in enumerate(said) if what != "opened"}
    before = _rounds(folder)
    for key, (number, what) in last.items():
        state = before[key].state if key in before else ""
        assert state in STATES[what], f"{key} is {state!r} and the last word of it was {what}"
        assert state != "started" or number > opened, f"{key} is blamed and was not in flight"
        assert state != "lost" or number < opened or what == "beginning", f"{key} was not lost"
    assert set(before) <= set(last)
    ended = [key for what, key in said if what == "ended"]
    assert len(ended) == len(set(ended)), "a round has run twice"
    started = {key for key, row in before.items() if row.state == "started"}
    assert len(started) <= IN_FLIGHT
    Store.open(folder).close()
    after = _rounds(folder)
    for key, row in after.items():
        assert row.attempt == before[key].attempt
        assert row.state == ("lost" if key in started else before[key].state)
    with look(folder) as view:
        _sums(view, [row for row in after.values() if row.state == "done"])
    return len(started)


def _rounds(folder: Path) -> dict[Key, RoundRow]:
    with look(folder) as view:
        return {(row.round.cell.perturb, row.round.number): row for row in view.rounds()}


def _sums(view: View, done: list[RoundRow]) -> None:
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for row in done:
        assert row.result == result_of(row.round)
        for finding in findings_of(row.round.cell, row.result):
            counts[finding.signature] += finding.violation["count"]
        for first, second, count in row.result["coverage"]:
            pairs[first, second] += count
    assert {f.signature: f.count for f in view.findings()} == counts
    assert {(c.first, c.second): c.count for c in view.coverage()} == pairs


def main() -> None:
    if sys.argv[1:2] == ["--victim"]:
        victim(Path(sys.argv[2]), Path(sys.argv[3]))
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    moments = random.Random(times)
    with tempfile.TemporaryDirectory(prefix="pttorture-kill-", dir=os.environ.get("PTTORTURE_KILL_IN")) as name:
        folder, path = Path(name) / "campaign", Path(name) / "log"
        lost = Counter(killed(folder, path, moments.uniform(0.0, 0.25)) for _ in range(times))
        ended = sum(what == "ended" for what, _ in read(path))
        with look(folder) as view:
            (rounds,), = view.query("SELECT count(*) FROM rounds WHERE state = 'done'")
        print(f"{times} kills, {rounds:,} rounds done, {ended:,} said so, none lost; rounds in flight at "
              f"a kill: {', '.join(f'{n} ({count} times)' for n, count in sorted(lost.items()))}")


if __name__ == "__main__":
    main()
