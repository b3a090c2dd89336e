"""Random small protocols as source text: what the executors, and plain Python, must agree on.

`module(seed, groups)` gives a protocol file. Group k has roles `g<k>_a` and `g<k>_b` and a check at rest; `SCENARIOS`
has one scenario a group, `BATCHES` one scenario for each `BATCH` of them, whose variants choose the group by a
parameter (for compilers, which pay for every scenario, and more for a large one).
"""

from __future__ import annotations

import random
from collections.abc import Callable

from engine.vocabulary import PRIMITIVES

BATCH = 10
CONSTANTS = ("0", "1", "2", "3", "7", "63", "64", "65", "255", "0x7fffffff", "0x80000000", "0xffffffff", "1 << 32",
             "1 << 63", "0xffffffffffffffff", "-1", "LIMIT", "0x5a5a5a5a5a5a5a5a")
BINARY = ("+", "-", "*", "//", "%", "&", "|", "^", "<<", ">>")
COMPARE = ("==", "!=", "<", "<=", ">", ">=")
WORDS = {8: ("A", "B[0]", "B[1]", "B[{} & 1]"), 4: ("A", "A + 4", "B[0]", "B[1] + 4", "B[{} & 1]")}
MEMORY = [row for row in PRIMITIVES.values() if row.access in ("load", "store", "rmw") and row.name != "clflush"]

HEAD = '''"""Generated: seed {seed}."""
from __future__ import annotations

from engine import CLEAN, Counter, Param, Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Mem

A = Word("A")
B = Word("B", 2)
P = Word("P")
L = RWLock("L", 2)
S = SpinLock("S")
WORK = Counter("work", operation=True)
HOW = Param("how", 0)
GROUP = Param("group", 0)
LIMIT = 12


@protocol
def pure(x: int, y: int) -> int:
    return x * 3 ^ y


@protocol
def clamp(x: int) -> int:
    if x > 10:
        return 10
    return x


@protocol
def both(mem: Mem, x: int) -> tuple[int, int]:
    before = mem.atomic64_fetch_add(A, x)
    return before, before + x


@protocol
def down(mem: Mem, n: int) -> int:
    if n == 0:
        return mem.read_once(A)
    box = array(2)
    box[1] = n
    rest = down(mem, n - 1)
    return rest + box[1]


@protocol
def nothing(mem: Mem) -> None:
    pass
'''


class Generator:
    """One function body at a time. `sequential`: only what plain Python can run too (no locks, no pages)."""

    def __init__(self, seed: int, sequential: bool = False, downgrades: bool = True) -> None:
        self.rng = random.Random(seed)
        self.sequential, self.downgrades = sequential, downgrades
        self.lines: list[str] = []
        self.indent = 1
        self.loops = 0  # enclosing loops
        self.budget = 0  # statements left
        self.fresh = 0
        self.held: list[str] = []

    # --- expressions: strings whose value is a word ---

    def variable(self) -> str:
        return f"v{self.rng.randrange(4)}"

    def expr(self, depth: int = 2, effects: bool = True) -> str:
        rng = self.rng
        if depth == 0 or rng.random() < 0.2:
            return self.variable() if rng.random() < 0.6 else f"({rng.choice(CONSTANTS)})"
        kinds: list[Callable[[], str]] = [
            lambda: f"({self.expr(depth - 1, effects)} {rng.choice(BINARY)} {self.expr(depth - 1, effects)})",
            lambda: f"({self.expr(depth - 1, effects)} {rng.choice(COMPARE)} {self.expr(depth - 1, effects)})",
            lambda: f"({rng.choice(('-', '~', 'not ', '+'))}{self.expr(depth - 1, effects)})",
            lambda: f"({self.expr(depth - 1, effects)} {rng.choice(('and', 'or'))} {self.expr(depth - 1, effects)})",
            lambda: f"({self.expr(depth - 1, effects)} if {self.expr(depth - 1, effects)} "
                    f"else {self.expr(depth - 1, effects)})",
            lambda: f"{rng.choice(('min', 'max', 'slt', 'sle', 'sar'))}"
                    f"({self.expr(depth - 1, effects)}, {self.expr(depth - 1, effects)})",
            lambda: f"{rng.choice(('sext32', 'u32', 'bool', 'int'))}({self.expr(depth - 1, effects)})",
            lambda: f"pure({self.expr(depth - 1, effects)}, {self.expr(depth - 1, effects)})",
            lambda: f"clamp({self.expr(depth - 1, effects)})",
            lambda: f"box[{self.expr(depth - 1, effects)} & 3]",
            lambda: f"({self.variable()} < {self.variable()} <= {self.variable()})",
        ]
        if effects:
            kinds += [lambda: self.value_of_primitive(depth - 1), lambda: self.value_of_primitive(depth - 1),
                      lambda: f"down(mem, {rng.randrange(3)})"]
        return rng.choice(kinds)()

    def address(self, width: int, depth: int) -> str:
        return self.rng.choice(WORDS[width]).format(self.expr(depth, False))

    def primitive(self, result: bool, depth: int) -> str:
        row = self.rng.choice([row for row in MEMORY if row.result or not result])
        args = [self.address(row.width, depth), *(self.expr(depth) for _ in row.operands[1:])]
        return f"mem.{row.name}({', '.join(args)})"

    def value_of_primitive(self, depth: int) -> str:
        return self.primitive(True, max(depth, 0))

    # --- statements ---

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def block(self, most: int = 3) -> None:
        self.indent += 1
        for _ in range(self.rng.randint(1, most)):
            self.statement()
        self.indent -= 1

    def statement(self) -> None:
        self.budget -= 1
        if self.budget < 0:
            self.put("pass")
            return
        kinds = [self.assign] * 4 + [self.access] * 6 + [self.branch] * 3 + [
            self.for_loop, self.while_loop, self.call, self.array, self.tuple, self.augmented]
        if self.loops:
            kinds += [self.leave_loop]
        if not self.sequential:
            kinds += [self.critical] * 3 + [self.page] * 5 + [self.local, self.choose]
        self.rng.choice(kinds)()

    def assign(self) -> None:
        self.put(f"{self.variable()} = {self.expr()}")

    def augmented(self) -> None:
        target = self.rng.choice([self.variable(), f"box[{self.expr(1)} & 3]"])
        self.put(f"{target} {self.rng.choice(BINARY)}= {self.expr()}")

    def access(self) -> None:
        self.put(self.primitive(False, 1))

    def branch(self) -> None:
        self.put(f"if {self.expr()}:")
        self.block()
        if self.rng.random() < 0.3:
            self.put(f"elif {self.expr(1)}:")
            self.block()
        if self.rng.random() < 0.5:
            self.put("else:")
            self.block()

    def for_loop(self) -> None:
        bounds = self.rng.choice(("3", "1, 4", "3, 0, -1", "-2, 2, 2", "clamp(v0) & 3", "2, 2", "box[1] & 3, 4"))
        self.put(f"for {self.rng.choice(('i', self.variable()))} in range({bounds}):")
        self.loop_body()

    def while_loop(self) -> None:
        self.fresh += 1
        name = f"n{self.fresh}"
        self.put(f"{name} = 0")
        self.put(f"while {name} < {self.rng.randint(1, 3)} and {self.expr(1)}:")
        self.indent += 1
        self.put(f"{name} += 1")
        self.indent -= 1
        self.loop_body()

    def loop_body(self) -> None:
        self.loops += 1
        saved, self.held = self.held, []
        self.block()
        self.held = saved
        self.loops -= 1

    def leave_loop(self) -> None:
        for release in reversed(self.held):
            self.put(release)
        self.put(f"{self.rng.choice(('break', 'continue'))}")

    def call(self) -> None:
        self.put(self.rng.choice((f"{self.variable()}, {self.variable()} = both(mem, {self.expr(1)})", "nothing(mem)",
                                  f"{self.variable()} = down(mem, {self.rng.randrange(4)})", "both(mem, 1)")))

    def array(self) -> None:
        index = self.expr(1)
        self.put(f"box[{index} & 3] = {self.expr()}" if self.rng.random() < 0.97 else f"box[{index} & 7] = 1")

    def tuple(self) -> None:
        self.put(f"{self.variable()}, {self.variable()} = {self.expr(1)}, {self.expr(1)}")

    def choose(self) -> None:
        among = max(1, self.rng.randint(0, 3))  # among none is refused
        self.put(f"{self.variable()} = mem.choose({among})")

    def local(self) -> None:
        self.put(self.rng.choice((
            "mem.smp_mb()", "mem.smp_wmb()", "mem.smp_rmb()", "mem.count(WORK)",
            f"mem.check({self.expr(1)} != 77, 'check', 'a value is 77')", f"mem.warn_on({self.expr(1)} == 78)",
            "v0 = mem.running()", "mem.might_sleep()" if self.rng.random() < 0.1 else "mem.smp_mb()",
        )))

    def critical(self) -> None:
        lock = self.rng.choice(("L[0]", "L[0]", "L[1]", "S"))
        mode = "spin" if lock == "S" else self.rng.choice(("read", "write"))
        release = f"mem.{mode}_unlock({lock})"
        if self.rng.random() < 0.3:
            self.put(f"if mem.{mode}_trylock({lock}):")
            self.held.append(release)
            self.block()
            self.held.pop()
            self.indent += 1
            self.put(release)
            self.indent -= 1
            return
        self.put(f"mem.{mode}_lock({lock})")
        self.put("if 1:")
        self.held.append(release)
        self.block()
        self.held.pop()
        last = self.rng.random()
        if mode == "read" and last < 0.3:
            self.put(f"if mem.try_upgrade({lock}):")
            self.indent += 1
            self.put("mem.atomic64_inc(A)")
            self.put(f"mem.write_unlock({lock})")
            self.indent -= 1
            self.put("else:")
            self.indent += 1
            self.put(release)
            self.indent -= 1
        elif mode == "write" and last < 0.3 and self.downgrades:
            self.put(f"mem.downgrade({lock})")
            self.put(f"mem.read_unlock({lock})")
        elif last < 0.98:
            self.put(release)

    def page(self) -> None:
        """A page that is published, used by whoever finds it, and sometimes freed too early."""
        rng = self.rng
        use = rng.choice((f"mem.write_once(p + {rng.choice((0, 8, 16))}, {self.expr(1)})",
                          f"{self.variable()} = mem.read_once32(p + 4)", f"mem.fill_page(p, {self.expr(1)}, 3)",
                          f"{self.variable()} = mem.page_ref_add_unless(refcount(p), 1, 0)",
                          f"{self.variable()} = mem.read_page_type(mapcount(p))", "mem.atomic_inc(refcount(p))",
                          f"{self.variable()} = mem.read_compound_head(page_of(p) + 8)", "mem.clflush(p)"))
        if rng.random() < 0.5:
            self.put(f"p = mem.alloc_page({rng.randrange(4)})")
            self.put("if p:")
            self.indent += 1
            self.put(use)
            if rng.random() < 0.5:
                self.put("mem.write_once(P, p)")
            if rng.random() < 0.5:
                self.put("if mem.atomic_dec_and_test(refcount(p)):")
                self.put("    mem.free_page(p)")
            self.indent -= 1
        else:
            self.put(f"p = {'mem.xchg(P, 0)' if rng.random() < 0.5 else 'mem.read_once(P)'}")
            self.put("if p:" if rng.random() < 0.98 else "if 1:")
            self.indent += 1
            self.put(use if rng.random() < 0.7 else "mem.free_page(p)")
            self.indent -= 1

    def function(self, name: str, budget: int) -> str:
        """A role without arguments."""
        self.lines, self.budget, self.fresh = [], budget, 0
        self.put("v0, v1, v2, v3 = 1, 2, 3, LIMIT")
        self.put("box = array(4)")
        for _ in range(budget):
            if self.budget > 0:
                self.statement()
        return "\n".join(["@protocol", f"def {name}(mem: Mem) -> None:", *self.lines]) + "\n"


def module(seed: int, groups: int, *, sequential: bool = False, downgrades: bool = True, budget: int = 9) -> str:
    """The text of a protocol file with so many groups."""
    generator = Generator(seed, sequential, downgrades)
    parts = [HEAD.format(seed=seed), "from engine.memory.page import mapcount, page_of, refcount\n"]
    for k in range(groups):
        parts += [generator.function(f"g{k}_a", budget), generator.function(f"g{k}_b", budget)]
        parts.append(f"@protocol\ndef g{k}_rest(mem: Mem) -> None:\n    mem.check(mem.read_once(A) != 99)\n"
                     .replace("!= 99)", "!= 99, 'check', 'A is 99')"))
    batches = [range(first, min(first + BATCH, groups)) for first in range(0, groups, BATCH)]
    for number, batch in enumerate(batches):
        for part in "a", "b", "rest":
            chain = "\n".join(f"    {'if' if k == batch[0] else 'elif'} GROUP == {k}:\n        g{k}_{part}(mem)"
                              for k in batch)
            parts.append(f"@protocol\ndef batch{number}_{part}(mem: Mem) -> None:\n{chain}\n")
    rows = "".join(f"        (g{k}_a, g{k}_b, g{k}_rest, {('reuse', 'quarantine')[k % 2]!r}, {1 + k % 5 // 4}),\n"
                   for k in range(groups))
    chosen = "".join(f"        (batch{number}_a, batch{number}_b, batch{number}_rest, {list(batch)}),\n"
                     for number, batch in enumerate(batches))
    parts.append(f'''
SCENARIOS = [
    Scenario("group", "", (Role("A", a), Role("B", b)), (Variant("v", pool=pool),), at_rest=rest, rounds=rounds)
    for a, b, rest, pool, rounds in [
{rows}    ]
]
BATCHES = [
    Scenario("batch", "", (Role("A", a), Role("B", b)),
             tuple(Variant(f"g{{k}}", params={{"group": k}}) for k in numbers), at_rest=rest)
    for a, b, rest, numbers in [
{chosen}    ]
]
''')
    return "\n\n".join(parts)
