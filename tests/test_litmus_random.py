"""Random litmus tests: the machine reaches exactly the outcomes that the axioms of each memory model allow.

`states` and `dpor` visit each state, or each class of executions, once: milliseconds a test, so there are many. `dfs`
goes through every execution, millions where three threads make two accesses each: it leaves those to the others.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.explore import explore
from engine.explore.load import MODELS
from tests.litmus_axioms import outcomes, parse
from tests.protocol_source import program

WORDS = "xyz"
ORDERS = ("", "mb", "wmb-rmb", "rel-acq")
BETWEEN = {"": (), "mb": ("mem.smp_mb()",), "wmb-rmb": ("mem.smp_wmb()", "mem.smp_rmb()"), "rel-acq": ()}


LONG = (2, 2, 2)  # for dfs


def draw(seed: int, shapes: Sequence[tuple[int, ...]] = ((3, 3), (2, 3), LONG, (1, 2, 2))) -> tuple[str, str]:
    """A test as `litmus_axioms` writes it: two threads of up to three accesses or three of up to two; every store has
    a value of its own."""
    r = random.Random(f"litmus {seed}")
    shape = r.choice(shapes)
    value, register, threads = 0, 0, []
    for size in shape:
        accesses = []
        for _ in range(size):
            word = r.choice(WORDS[:r.choice((2, 2, 3))])
            if r.random() < 0.55:
                value += 1
                accesses.append(f"{word}={value}")
            else:
                accesses.append(f"r{register}={word}")
                register += 1
        threads.append(" ".join(accesses))
    return " | ".join(threads), r.choice(ORDERS)


def source(text: str, order: str) -> str:
    """The protocols. What a thread has loaded goes to memory in one instruction, behind everything."""
    lines = ["W = Word('w', 3)", "R = Word('r')"]
    for number, thread in enumerate(text.split("|")):
        lines += ["", "@protocol", f"def thread{number}(mem):"]
        body, loaded = [], "0"
        for event in parse(thread):
            if body:
                body += BETWEEN[order]
            place = f"W[{WORDS.index(event.word)}]"
            if event.loads:
                name = "smp_load_acquire" if order == "rel-acq" else "read_once"
                body.append(f"{event.register} = mem.{name}({place})")
                loaded += f" + ({event.register} << {4 * int(event.register[1:])})"
            else:
                name = "smp_store_release" if order == "rel-acq" else "write_once"
                body.append(f"mem.{name}({place}, {event.value})")
        if loaded != "0":
            body.append(f"mem.atomic64_add(R, {loaded})")
        lines += [f"    {line}" for line in body]
    return "\n".join(lines) + "\n"


def check(text: str, order: str, strategies: Sequence[str], folder: Path) -> None:
    """Compare what each strategy reaches under each memory model with the axioms."""
    events = parse(text)
    registers = [e.register for e in events if e.loads]
    words = sorted({e.word for e in events if not e.loads})
    p = program(folder, source(text, order))
    first, loaded = p.layout.words["w"], p.layout.words.get("r", 0)  # a program may load nothing
    for model in MODELS:
        allowed = outcomes(text, " ".join([*registers, *words]), model, order)
        for strategy in strategies:
            result = explore(p, strategy=strategy, model=model, finals=True)
            assert result.complete
            assert result.finals is not None
            found = set()
            for final in map(dict, result.finals):
                seen = [final.get(loaded, 0) >> 4 * i & 15 for i in range(len(registers))]
                found.add("".join(map(str, [*seen, *(final[first + 8 * WORDS.index(word)] for word in words)])))
            assert found == allowed, (text, order, strategy, model)


@pytest.mark.parametrize("seed", range(96))
def test_the_outcomes_are_those_of_the_axioms(seed: int, tmp_path: Path) -> None:
    check(*draw(seed), ("states", "dpor"), tmp_path)


@pytest.mark.parametrize("seed", range(16))
def test_so_are_those_of_all_executions(seed: int, tmp_path: Path) -> None:
    check(*draw(seed, ((3, 3), (2, 3), (1, 2, 2))), ("dfs",), tmp_path)
