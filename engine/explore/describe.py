"""One step in words: the primitive, what it touched, the values before and after."""

from __future__ import annotations

from engine.explore.machine import cells as c
from engine.explore.record import Event
from engine.language.program import Program
from engine.vocabulary import PRIMITIVES

_WORD = 1 << 64
#: Read-modify-writes that need not change anything: that they did not is what the picture has to say.
_MAY_BE_IDLE = ("cmpxchg", "add_unless", "or", "and")


def describe(program: Program, e: Event, failed: bool = False) -> str:
    """A step as a kernel commit message writes it; one that failed has no values."""
    site = program.sites[e.site]
    name, row, where = site.primitive, PRIMITIVES[site.primitive], program.layout.where(e.address)
    if e.event == c.FLUSHED:
        return _flush(program, e, failed)
    if not row.access:
        return f"{name}()"
    if row.access == "member":
        return f"{name}({where}, {site.member})"
    if failed:
        return f"{name}({where})"
    if row.access == "lock":
        known = {c.ARRIVED: " waits", c.GRANTED: " granted", c.BUFFERED: ", in the store buffer"}
        tail = known.get(e.event, f" = {e.result}" if row.result else "")
        return f"{name}({where}){tail}"
    if name == "alloc_page":
        return f"alloc_page() = {value(program, e.result)}"
    if row.access == "load":
        return f"{name}({where})" + (f" = {value(program, e.result)}" if row.result else "")
    if e.event == c.BUFFERED and row.access == "store":
        return f"{name}({where}, {value(program, e.new)}), in the store buffer"
    if row.access in ("rmw", "store"):
        return f"{name}({where}): {change(program, e)}"
    if name == "free_page":
        return f"free_page({where})"
    return f"{name}({where}, {value(program, e.result)})"


def _flush(program: Program, e: Event, failed: bool) -> str:
    """A store becomes visible."""
    site, where = program.sites[e.site], program.layout.where(e.address)
    row = PRIMITIVES[site.primitive]
    if row.access != "store":
        return f"flush: {site.primitive}({where})"
    return f"flush: {where} = {value(program, e.new)}" if failed else f"flush: {where}: {change(program, e)}"


def change(program: Program, e: Event) -> str:
    """`2 -> 3`; a store of what is there already is one too: it may have undone another one."""
    before, after = value(program, e.old), value(program, e.new)
    idle = e.old == e.new and PRIMITIVES[program.sites[e.site].primitive].op in _MAY_BE_IDLE
    return f"{before}, not changed" if idle else f"{before} -> {after}"


def value(program: Program, number: int) -> str:
    """A number, or the object whose address it is."""
    layout = program.layout
    if layout.DESCRIPTORS <= number < layout.END or number in layout.words.values():
        return layout.where(number)
    if number < 10:
        return str(number)
    return f"-{_WORD - number}" if number > _WORD - 1024 else f"{number:#x}"


def is_word(program: Program, e: Event) -> bool:
    """Whether a step is about the value of a word, not about a lock, a page or a member."""
    row = PRIMITIVES[program.sites[e.site].primitive]
    return row.access in ("rmw", "store") or (row.access == "load" and row.result)


def is_read(program: Program, e: Event) -> bool:
    """Whether a step is a load of a word."""
    row = PRIMITIVES[program.sites[e.site].primitive]
    return row.access == "load" and row.result


def is_write(program: Program, e: Event) -> bool:
    """Whether a step changed the word it touched; under tso and pso the flush does it, not the store."""
    row = PRIMITIVES[program.sites[e.site].primitive]
    if e.event == c.BUFFERED:
        return False
    return row.access in ("store", "page") or (row.access == "rmw" and e.old != e.new)


def reads(program: Program, events: list[Event]) -> str:
    """What some reads saw: `root = pt 1[0], pt 2[0..3] = 0`; each word once, neighbours with one value together."""
    seen: dict[tuple[int, int], None] = {}
    for e in events:
        seen.setdefault((e.address, e.result if is_read(program, e) else e.old))
    parts: list[str] = []
    run: list[tuple[int, int]] = []
    for address, number in [*seen, (-1, -1)]:
        if run and (number != run[-1][1] or address != run[-1][0] + 8 or address < program.layout.FRAMES):
            parts.append(f"{_range(program, run[0][0], run[-1][0])} = {value(program, run[0][1])}")
            run = []
        run.append((address, number))
    return ", ".join(parts)


def _range(program: Program, first: int, last: int) -> str:
    """`pt 2[1]`, or `pt 2[1..3]` for entries of one page."""
    low, high = program.layout.where(first), program.layout.where(last)
    if first == last:
        return low
    if low.partition("[")[0] == high.partition("[")[0]:
        return f"{low[:-1]}..{high.partition('[')[2]}"
    return f"{low} .. {high}"
