"""The vocabulary: every primitive of the protocol language, once.

Executors, search and documentation are written against this table. A new primitive is one row here and one meaning per
executor; `tests/test_vocabulary.py` walks the rows. Names are the kernel's (LKMM, `atomic_t`, `page_ref`).

A *step* is one shared access or lock event: the unit of interleaving. Everything else is local work of the thread and
belongs to the step before it.

How a row gives its meaning: loads and stores by `access`; a read-modify-write by `op` and `returns`,

    new = op(old, operands)      result = returns(old, new)

where `op` is one of `RMW_OPS`, evaluated modulo the width, and "unless" and "cmp" may leave the word alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Primitive:
    """One row.

    Attributes:
        name: the method of `mem`.
        operands: what the caller passes, in order: "address", "value", "lock", "frame", "count", and the static
            ones (known when the protocol is compiled): "text", "kind", "counter", "member".
        access: "load", "store", "rmw", "page" (a whole frame), "lock", "memory" (allocator), "member" (which member of
            a descriptor's union is live: no word changes, but it conflicts like a load or a store of the member), or ""
            for local work.
        width: bytes accessed: 4, 8, or 0 where it does not apply; a "member" has its own, `members.width_of`.
        order: LKMM order: "relaxed", "acquire", "release", "full", or "" where it does not apply.
        op, returns: of a read-modify-write, see the module's text. `returns` is "" for a void one. Of a "member" `op`
            is "set", "use" or "drop".
        fixed: operands that the name implies (`atomic_inc` adds 1).
        result: whether the call has a value.
        step: whether it is a step of the interleaving.
        blocks: whether it may wait for another thread.
        speculative: legal on the descriptor of a free or foreign frame (0.5 of the kernel's speculative getters).
        meaning: one line for the documentation.
    """

    name: str
    operands: tuple[str, ...]
    meaning: str
    access: str = ""
    width: int = 0
    order: str = ""
    op: str = ""
    returns: str = ""
    fixed: tuple[int, ...] = ()
    result: bool = False
    step: bool = True
    blocks: bool = False
    speculative: bool = False
    code: int = -1

    @property
    def reads(self) -> bool:
        """Whether its outcome depends on shared memory."""
        return self.access in ("load", "rmw", "member")

    def changes_nothing(self, value: int) -> bool:
        """Whether a step with this result is one that may be repeated for ever: a load, a trylock that failed."""
        return self.access == "load" or (self.access == "lock" and self.result and value == 0)

    @property
    def writes(self) -> bool:
        """Whether it may change shared memory."""
        return self.access in ("store", "rmw", "page") or (self.access == "member" and self.op != "use")

    @property
    def commutes(self) -> str:
        """Two void read-modify-writes of one word and the same non-empty name here commute."""
        if self.access != "rmw" or self.returns:
            return ""
        return {"add": "add", "sub": "add", "or": "or", "and": "and", "xor": "xor"}.get(self.op, "")


#: op -> (old, operands) -> new word, or None where the word is left alone. Results are taken modulo the width.
RMW_OPS: Final[dict[str, Callable[..., int | None]]] = {
    "add": lambda old, v: old + v,
    "sub": lambda old, v: old - v,
    "and": lambda old, v: old & v,
    "or": lambda old, v: old | v,
    "xor": lambda old, v: old ^ v,
    "xchg": lambda _old, v: v,
    "cmpxchg": lambda old, expected, v: v if old == expected else None,
    "add_unless": lambda old, v, unless: None if old == unless else old + v,
}

#: returns -> (old, new or None) -> the value of the call.
RMW_RETURNS: Final[dict[str, Callable[[int, int | None], int]]] = {
    "old": lambda old, _new: old,
    "new": lambda old, new: old if new is None else new,
    "zero": lambda _old, new: int(new == 0),
    "done": lambda _old, new: int(new is not None),
}


def _plain() -> list[Primitive]:
    rows = []
    for suffix, width in (("", 8), ("32", 4)):
        bits = width * 8
        rows += [
            Primitive(f"read_once{suffix}", ("address",), f"load {bits} bits, once", "load", width, "relaxed",
                      result=True),
            Primitive(f"write_once{suffix}", ("address", "value"), f"store {bits} bits, once", "store", width,
                      "relaxed"),
            Primitive(f"smp_load_acquire{suffix}", ("address",), f"load {bits} bits, acquire", "load", width,
                      "acquire", result=True),
            Primitive(f"smp_store_release{suffix}", ("address", "value"), f"store {bits} bits, release", "store",
                      width, "release"),
        ]
    return rows


def _rmw(name: str, width: int, operands: tuple[str, ...], op: str, returns: str, order: str, meaning: str,
         fixed: tuple[int, ...] = (), speculative: bool = False) -> Primitive:
    return Primitive(name, ("address", *operands), meaning, "rmw", width, order, op, returns, fixed,
                     result=bool(returns), speculative=speculative)


def _atomics(prefix: str, width: int) -> list[Primitive]:
    v = ("value",)
    rows = [
        Primitive(f"{prefix}_read", ("address",), "load the counter", "load", width, "relaxed", result=True),
        Primitive(f"{prefix}_set", ("address", "value"), "store the counter", "store", width, "relaxed"),
        _rmw(f"{prefix}_inc", width, (), "add", "", "relaxed", "add 1; no value, no order", (1,)),
        _rmw(f"{prefix}_dec", width, (), "sub", "", "relaxed", "subtract 1; no value, no order", (1,)),
    ]
    for op in ("add", "sub", "and", "or", "xor"):
        rows.append(_rmw(f"{prefix}_{op}", width, v, op, "", "relaxed", f"{op}; no value, no order"))
        rows.append(_rmw(f"{prefix}_fetch_{op}", width, v, op, "old", "full", f"{op}; the value before"))
    for op in ("add", "sub", "xor"):
        rows.append(_rmw(f"{prefix}_{op}_return", width, v, op, "new", "full", f"{op}; the value after"))
    rows += [
        _rmw(f"{prefix}_inc_return", width, (), "add", "new", "full", "add 1; the value after", (1,)),
        _rmw(f"{prefix}_dec_return", width, (), "sub", "new", "full", "subtract 1; the value after", (1,)),
        _rmw(f"{prefix}_dec_and_test", width, (), "sub", "zero", "full", "subtract 1; 1 if it is now 0", (1,)),
        _rmw(f"{prefix}_sub_and_test", width, v, "sub", "zero", "full", "subtract; 1 if it is now 0"),
        _rmw(f"{prefix}_add_unless", width, ("value", "value"), "add_unless", "done", "full",
             "add the first value unless the counter is the second; 1 if added"),
        _rmw(f"{prefix}_inc_not_zero", width, (), "add_unless", "done", "full", "add 1 unless 0; 1 if added", (1, 0)),
    ]
    for suffix, order in (("", "full"), ("_acquire", "acquire"), ("_release", "release"), ("_relaxed", "relaxed")):
        rows.append(_rmw(f"{prefix}_xchg{suffix}", width, v, "xchg", "old", order, "exchange; the value before"))
        rows.append(_rmw(f"{prefix}_cmpxchg{suffix}", width, ("value", "value"), "cmpxchg", "old", order,
                         "store the second value if the word is the first; the value before"))
    return rows


def _words() -> list[Primitive]:
    """xchg and cmpxchg of a 64-bit word, by the kernel's plain names."""
    return [
        _rmw("xchg", 8, ("value",), "xchg", "old", "full", "exchange 64 bits; the value before"),
        _rmw("cmpxchg", 8, ("value", "value"), "cmpxchg", "old", "full",
             "store the second value if the word is the first; the value before"),
        _rmw("test_and_set_bits", 8, ("value",), "or", "old", "full", "or a mask into 64 bits; the value before"),
        _rmw("test_and_clear_bits", 8, ("value",), "and", "old", "full", "and a mask into 64 bits; the value before"),
    ]


_SPECULATIVE = [
    _rmw("page_ref_add_unless", 4, ("value", "value"), "add_unless", "done", "full",
         "a speculative getter: add_unless on a `_refcount` that may belong to anybody", speculative=True),
    _rmw("page_ref_sub_and_test", 4, ("value",), "sub", "zero", "full",
         "the put of a speculative getter; 1 if it was the last", speculative=True),
    Primitive("read_compound_head", ("address",), "load a `compound_head` that may belong to anybody", "load", 8,
              "relaxed", result=True, speculative=True),
    Primitive("read_page_type", ("address",), "load a `page_type` that may belong to anybody", "load", 4, "relaxed",
              result=True, speculative=True),
]

_PAGES = [
    Primitive("alloc_page", ("value",), "a zeroed page for owner `value`: its address, 0 if the pool is empty",
              "memory", result=True),
    Primitive("free_page", ("frame",), "return a page to the pool; its descriptor must be in the reset state",
              "memory"),
    Primitive("fill_page", ("frame", "value", "value"), "entry i := first + i * stride, for a page not yet published",
              "page", 8, "relaxed"),
    Primitive("clflush", ("address",), "write back the line that holds the word (an access for every check)", "load", 8,
              "relaxed"),
]

_MEMBERS = [
    Primitive("set_member", ("address", "member"), "from now on this word of a descriptor is used through `member`; a"
              " violation while another one is live", "member", op="set"),
    Primitive("use_member", ("address", "member"), "the next access goes through `member`; a violation unless it is the"
              " live one", "member", op="use"),
    Primitive("drop_member", ("address", "member"), "`member` is live no longer; a violation unless it was", "member",
              op="drop"),
]

_LOCKS = [
    Primitive("read_lock", ("lock",), "take for reading", "lock", order="acquire", blocks=True),
    Primitive("read_unlock", ("lock",), "release a read hold", "lock", order="release"),
    Primitive("write_lock", ("lock",), "take for writing", "lock", order="acquire", blocks=True),
    Primitive("write_unlock", ("lock",), "release the write hold", "lock", order="release"),
    Primitive("read_trylock", ("lock",), "take for reading if possible now; 1 if taken", "lock", order="acquire",
              result=True),
    Primitive("write_trylock", ("lock",), "take for writing if possible now; 1 if taken", "lock", order="acquire",
              result=True),
    Primitive("try_upgrade", ("lock",), "turn a read hold into the write hold without a gap if nobody else holds it;"
              " 1 if done, 0 (hold unchanged) if not, always 0 on a lock that cannot", "lock", order="acquire",
              result=True),
    Primitive("downgrade", ("lock",), "turn the write hold into a read hold without a gap", "lock", order="release"),
    Primitive("spin_lock", ("lock",), "take a spinning lock", "lock", order="acquire", blocks=True),
    Primitive("spin_unlock", ("lock",), "release a spinning lock", "lock", order="release"),
    Primitive("spin_trylock", ("lock",), "take a spinning lock if it is free; 1 if taken", "lock", order="acquire",
              result=True),
]

_LOCAL = [
    Primitive("smp_mb", (), "full barrier", order="full", step=False),
    Primitive("smp_rmb", (), "read barrier", order="acquire", step=False),
    Primitive("smp_wmb", (), "write barrier", order="release", step=False),
    Primitive("cpu_relax", (), "end of a failed turn of a spin loop: sleep until something read since changes",
              step=False),
    Primitive("choose", ("count",), "a choice in [0, count): every one is explored, natively it is random", result=True,
              step=False),
    Primitive("might_sleep", (), "this place may sleep: a violation while a spinning lock is held", step=False),
    Primitive("warn_on", ("value", "text"), "WARN_ON: a violation if `value` is not 0", step=False),
    Primitive("check", ("value", "kind", "text"), "a condition that must hold: a violation of `kind` if `value` is 0",
              step=False),
    Primitive("count", ("counter",), "count a unit of work (proof that the run did what it claims)", step=False),
    Primitive("running", (), "1 while the round is to go on; load roles loop on it (in a search it is always 0)",
              result=True, step=False),
]


def _table() -> dict[str, Primitive]:
    rows = [*_plain(), *_words(), *_atomics("atomic", 4), *_atomics("atomic64", 8), *_SPECULATIVE, *_PAGES,
            *_MEMBERS, *_LOCKS, *_LOCAL]
    return {row.name: Primitive(**{**row.__dict__, "code": code}) for code, row in enumerate(rows)}


#: name -> row, in the order of the codes that executors and schedules use.
PRIMITIVES: Final[dict[str, Primitive]] = _table()


def as_markdown() -> str:
    """The table as the page `docs/vocabulary.md`; a test keeps the page and the table equal."""
    head = (
        "# The vocabulary\n\nGenerated from `engine/vocabulary.py`: every primitive of the protocol language.\n"
        "A *step* is a unit of interleaving; what is not one belongs to the step before it.\n\n"
        "| `mem.` | bits | order | step | meaning |\n|---|---|---|---|---|\n"
    )
    rows = [
        f"| `{row.name}({', '.join(row.operands)})` | {row.width * 8 or ''} | {row.order} | "
        f"{'waits' if row.blocks else 'yes' if row.step else ''} | {row.meaning}"
        f"{'; legal on free pages' if row.speculative else ''} |\n"
        for row in PRIMITIVES.values()
    ]
    return head + "".join(rows)
