"""What a person reads: one line a result, and under it what was found; 80 columns."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.text import count
from engine.violations import BY_NAME
from stress.console import WIDTH, Console, shorten
from stress.evidence import line
from stress.report.places import short

_COLOURS: Final = {"as-expected": "good", "not-as-expected": "bad", "inconclusive": "doubt"}
_MARKS: Final = {"as-expected": "ok", "not-as-expected": "!!", "inconclusive": "??"}
_EVIDENCE: Final = 12  # rows shown, shared out among the threads; all are in the JSON


def result_lines(result: Mapping[str, Any], console: Console) -> list[str]:
    """One result."""
    verdict = result["verdict"]
    mark = console.paint(_MARKS[verdict], _COLOURS[verdict])
    title = f"{result['scenario']}:{result['variant']}" + (f" ({result['race']})" if result.get("race") else "")
    tail = f"{mode(result):<27} {result['outcome']}"
    fits = len(title) <= 35 and 39 + len(tail) <= WIDTH
    apart = [f"{mark} {shorten(title, 77)}", " " * min(39, WIDTH - len(tail)) + tail]
    lines = [f"{mark} {title:<35} {tail}"] if fits else apart
    lines.append("   " + console.paint(figures(result), "dim"))
    if result.get("why"):
        lines += wrap(short(result["why"]))
    if verdict != "as-expected" or result["outcome"] == "reproduced":
        for violation in result["violations"]:
            lines += _violation(violation, full=verdict == "not-as-expected")
    for fault in result.get("faults", ()):
        lines += wrap(short(fault["what"])) + _rows(fault.get("last_steps", ()))
    return lines


def mode(result: Mapping[str, Any]) -> str:
    """How it ran: `native qrwlock 2x1` is two processes with one thread each."""
    processes, threads = result["processes"], result["threads"]
    shape = count(threads, "thread") if processes <= 1 else f"{threads} in {processes} proc."
    return f"{result['executor']} {result['lock']}, {shape}"


def figures(result: Mapping[str, Any]) -> str:
    """Rounds, rates and overlap."""
    parts = [f"{count(result['rounds'], 'round')} in {result.get('seconds', 0):.1f} s"]
    if result.get("operations"):
        parts.append(f"{result['operations_per_second']:,} operations/s")
    if result.get("overlap") is not None:
        parts.append(f"overlap {result['overlap']:.0%}")
    if result.get("hangs"):
        parts.append(f"{result['hangs']} hung")
    return ", ".join(parts)


def _violation(violation: Mapping[str, Any], *, full: bool) -> list[str]:
    kind = violation["kind"]
    text = BY_NAME[kind].text if kind in BY_NAME else ""
    message = violation["message"] or text
    lines = wrap(f"{kind}: {short(message)}")
    times = count(violation["count"], "time")
    place = f"at {short(violation['where'])}, " if violation["where"] else ""
    lines += wrap(f"{place}{times}, first after {violation['seconds']:.2f} s", indent=5)
    return lines + (_rows(violation.get("evidence", ())) if full else [])


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The last rows of each thread, in the order they come in: what the others did last is half of the story."""
    threads = {row.get("thread") for row in rows}
    each = max(2, _EVIDENCE // max(1, len(threads)))
    left = dict.fromkeys(threads, each)
    kept = []
    for row in reversed(rows):
        if left[row.get("thread")] > 0:
            left[row.get("thread")] -= 1
            kept.append(row)
    return [shorten("       " + line(row), WIDTH) for row in reversed(kept)]


def wrap(text: str, indent: int = 3) -> list[str]:
    """`text` on lines of at most 80 columns. Only a path that is longer sticks out: cut in two it would be useless."""
    space = " " * indent
    text = "".join(c if c.isprintable() else "?" for c in text)  # a message must not move the cursor
    return textwrap.wrap(text, WIDTH, initial_indent=space, subsequent_indent=space + "  ", break_on_hyphens=False,
                         break_long_words=False)


def summary(results: Iterable[Mapping[str, Any]]) -> str:
    """The last line: how many of each outcome."""
    outcomes = Counter(result["outcome"] for result in results)
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "nothing ran"
