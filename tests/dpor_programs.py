"""Random programs of a few steps that depend on each other in every way the vocabulary offers."""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = '''from __future__ import annotations
from engine import Role, RWLock, Scenario, SpinLock, Variant, Word, protocol
from engine.declare import Geometry, Mem
from engine.memory.page import page_of, refcount
A = Word("A")
B = Word("B", 2)
P = Word("P")
L = RWLock("L", 2)
S = SpinLock("S")


@protocol
def publish(mem: Mem) -> None:
    mem.write_once(P, mem.alloc_page(1))
'''
WORDS = (("A", "A", "A", "B[0]", "B[1]"), ("A", "A + 4", "B[0]"))
#: From this seed on: more threads, but shorter ones, on few words: many orders.
RACING = 1_000_000
#: From this seed on: steps that commute and keep others waiting, locks that are not given back.
KEEPING = 2_000_000
FLAVOURS = ("words", "locks", "pages", "waits", "all")


class Generator:
    """Bodies of threads. `flavour`: which kinds of statements come up often."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.flavour = self.rng.choice(FLAVOURS)
        self.lines: list[str] = []
        self.indent = 1

    def put(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def inside(self, line: str, *body: Callable[[], None]) -> None:
        self.put(line)
        self.indent += 1
        for each in body:
            each()
        self.indent -= 1

    def word(self, wide: bool = True) -> str:
        return self.rng.choice(WORDS[not wide])

    def variable(self) -> str:
        return self.rng.choice(("v", "w"))

    def value(self) -> str:
        return self.rng.choice(("0", "1", "2", "v", "v + 1"))

    # --- statements ---

    def plain(self) -> None:
        r, v = self.rng, self.variable()
        self.put(r.choice((
            f"{v} = mem.read_once({self.word()})", f"mem.write_once({self.word()}, {self.value()})",
            f"mem.write_once({self.word()}, {self.value()})", f"{v} = mem.read_once32({self.word(False)})",
            f"mem.write_once32({self.word(False)}, {self.value()})",
        )))

    def atomic(self) -> None:
        r, v = self.rng, self.variable()
        self.put(r.choice((
            f"mem.atomic64_inc({self.word()})", f"mem.atomic64_add({self.word()}, 2)",
            f"mem.atomic_inc({self.word(False)})", f"mem.atomic64_or({self.word()}, {r.choice((1, 2))})",
            f"mem.atomic64_and({self.word()}, 2)", f"mem.atomic64_xor({self.word()}, 1)",
            f"{v} = mem.atomic64_fetch_add({self.word()}, 1)", f"{v} = mem.xchg({self.word()}, {self.value()})",
            f"{v} = mem.cmpxchg({self.word()}, {r.choice((0, 1))}, {r.choice((1, 2))})",
            f"{v} = mem.atomic64_add_unless({self.word()}, 1, {r.choice((0, 1))})",
            f"{v} = mem.atomic_inc_not_zero({self.word(False)})",
        )))

    def branch(self) -> None:
        self.inside(f"if {self.variable()}{self.rng.choice(('', ' == 1', ' > 1'))}:", self.simple)

    def choose(self) -> None:
        self.put(f"{self.variable()} = mem.choose({self.rng.choice((1, 2, 2, 3))})")

    def check(self) -> None:
        self.put(f"mem.check({self.variable()} != {self.rng.choice((1, 2))}, 'check', 'told')")

    def simple(self) -> None:
        self.rng.choice((self.plain, self.plain, self.atomic, self.choose, self.check))()

    def lock(self) -> None:
        r = self.rng
        lock = r.choice(("L[0]", "L[0]", "L[0]", "L[1]", "S"))
        mode = "spin" if lock == "S" else r.choice(("read", "read", "write"))
        body = [self.simple] if r.random() < 0.5 else []
        release = [lambda: self.put(f"mem.{mode}_unlock({lock})")]
        if r.random() < 0.25:
            self.inside(f"if mem.{mode}_trylock({lock}):", *body, *release)
            return
        self.put(f"mem.{mode}_lock({lock})")
        for each in body:
            each()
        if mode == "read" and r.random() < 0.3:
            self.inside(f"if mem.try_upgrade({lock}):", lambda: self.put(f"mem.write_unlock({lock})"))
            self.inside("else:", *release)
        elif mode == "write" and r.random() < 0.3:
            self.put(f"mem.downgrade({lock})")
            self.put(f"mem.read_unlock({lock})")
        elif r.random() < 0.97:
            release[0]()

    def wait(self) -> None:
        r, word = self.rng, self.word()
        relax = [lambda: self.put("mem.cpu_relax()")]
        kind = r.randrange(7)
        if kind <= 1:
            self.inside(f"while mem.read_once({word}) {r.choice(('== 0', '!= 1', '> 1'))}:", *relax)
        elif kind == 2:
            self.inside(f"while mem.cmpxchg({word}, {r.choice((0, 1))}, 2) > 1:", *relax)
        elif kind == 3:
            self.inside("while not mem.write_trylock(L[0]):", *relax)
            self.put("mem.write_unlock(L[0])")
        elif kind == 4:
            self.inside(f"while mem.read_once({word}) == 0 and mem.read_once({self.word()}) != 1:", *relax)
        elif kind == 5:
            self.put("w = 0")
            self.inside(f"while mem.read_once({word}) == 0:", lambda: self.put("w += 1"), *relax)
        else:
            self.inside("for _ in range(2):", lambda: self.inside(f"if mem.read_once({word}):",
                                                                  lambda: self.put("break")), *relax)

    def page(self) -> None:
        r = self.rng
        use = r.choice(("mem.write_once(p + 8, 1)", "v = mem.read_once(p)", "mem.fill_page(p, 1, 1)",
                        "v = mem.page_ref_add_unless(refcount(p), 1, 0)", "v = mem.read_compound_head(page_of(p) + 8)",
                        "mem.set_member(page_of(p) + 8, 'compound_head')",
                        "mem.use_member(page_of(p) + 8, 'compound_head')"))
        free = ("if mem.atomic_dec_and_test(refcount(p)):", lambda: self.put("mem.free_page(p)"))
        if r.random() < 0.4:
            self.put("p = mem.alloc_page(1)")
            self.inside("if p:", lambda: self.put(use if r.random() < 0.5 else "mem.write_once(P, p)"))
            if r.random() < 0.5:
                self.inside("if p:", lambda: self.inside(*free))
            return
        self.put(r.choice(("p = mem.read_once(P)", "p = mem.xchg(P, 0)")))
        self.inside("if p:", (lambda: self.put(use)) if r.random() < 0.6 else (lambda: self.inside(*free)))

    def racing(self) -> None:
        """A step on one of few words, or two where the second depends on the first."""
        r, v = self.rng, self.variable()
        word = r.choice(("A", "B[0]", "B[1]"))
        r.choice((
            lambda: self.put(f"{v} = mem.read_once({word})"), lambda: self.put(f"mem.write_once({word}, {v} + 1)"),
            lambda: self.put(f"{v} = mem.atomic64_fetch_add({word}, 1)"),
            lambda: self.put(f"{v} = mem.cmpxchg({word}, 0, {r.choice((1, 2))})"),
            lambda: self.inside(f"if mem.read_once({word}):", self.plain),
            lambda: self.inside("if mem.write_trylock(L[0]):", lambda: self.put("mem.write_unlock(L[0])")),
        ))()

    def keeping(self) -> None:
        """What keeps a thread waiting, or waits."""
        r, word = self.rng, self.rng.choice(("A", "A", "B[0]"))
        relax = [lambda: self.put("mem.cpu_relax()")]
        kind = r.randrange(12)
        if kind <= 3:
            self.put(r.choice((f"mem.atomic64_inc({word})", f"mem.atomic64_add({word}, 2)",
                               f"mem.atomic64_or({word}, {r.choice((1, 2))})", f"mem.atomic64_xor({word}, 1)")))
        elif kind <= 6:
            self.inside(f"while mem.read_once({word}) {r.choice(('== 0', '!= 0', '!= 0', '> 1', '!= 1'))}:", *relax)
        elif kind <= 8:
            mode = r.choice(("read", "read", "write"))
            self.put(f"mem.{mode}_lock(L[0])")
            if r.random() < 0.85:
                self.put(f"mem.{mode}_unlock(L[0])")
        elif kind == 9:
            self.inside(f"while not mem.{r.choice(('read', 'write'))}_trylock(L[0]):", *relax)
        elif kind == 10:
            self.inside(f"if mem.read_once({word}):", self.plain)
        else:
            self.put(f"mem.write_once({word}, 0)")

    def statement(self) -> None:
        if self.flavour == "racing":
            self.rng.choice((self.racing, self.racing, self.racing, self.racing, self.choose, self.check))()
            return
        if self.flavour == "keeping":
            self.keeping()
            return
        kinds = [self.plain] * 3 + [self.atomic] * 3 + [self.branch] * 2 + [self.choose, self.check]
        kinds += [self.lock] * {"locks": 14, "all": 4, "waits": 1}.get(self.flavour, 0)
        kinds += [self.wait] * {"waits": 8, "all": 2}.get(self.flavour, 0)
        kinds += [self.page] * {"pages": 14, "all": 4}.get(self.flavour, 0)
        self.rng.choice(kinds)()

    def role(self, name: str, most: int) -> str:
        self.lines = []
        self.put("v, w = 1, 0")
        for _ in range(self.rng.randint(1, most)):
            self.statement()
        return "\n".join(("@protocol", f"def {name}(mem: Mem) -> None:", *self.lines))


def module(seeds: range) -> str:
    """A protocol file with a scenario for each seed, in the list `SCENARIOS`."""
    parts, rows = [HEAD], []
    for seed in seeds:
        generator = Generator(seed)
        threads = generator.rng.choice((2, 2, 3))
        if seed >= KEEPING:
            generator.flavour, threads = "keeping", generator.rng.choice((3, 3, 4))
        elif seed >= RACING:
            generator.flavour, threads = "racing", generator.rng.choice((4, 4, 5))
        roles = [f"r{seed}_{t}" for t in range(threads)]
        parts += [generator.role(name, {2: 4, 5: 1}.get(threads, 2)) for name in roles]
        parts.append(f"@protocol\ndef rest{seed}(mem: Mem) -> None:\n"
                     "    mem.check(mem.read_once(A) != 3, 'check', 'A is 3')")
        contexts = ["interrupt" if generator.rng.random() < 0.1 else "process" for _ in roles]
        row = ", ".join(f"Role('{r}', {r}, context='{k}')" for r, k in zip(roles, contexts, strict=True))
        pool = generator.rng.choice(("reuse", "quarantine"))
        rows.append(f"    Scenario('s{seed}', '', ({row},), (Variant('v', pool='{pool}'),), setup=publish, "
                    f"at_rest=rest{seed}, small=Geometry(2, 1, {generator.rng.choice((2, 3, 4))})),")
    return "\n\n\n".join((*parts, "SCENARIOS = [\n" + "\n".join(rows) + "\n]\n"))
