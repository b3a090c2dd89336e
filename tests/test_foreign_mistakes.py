"""What somebody gets wrong in a first file of their own, and what they are told: one line, with the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from stress import cli

FILE = '''from engine import Counter, Param, Role, Scenario, Variant, Word, protocol

X = Word("x")
DONE = Counter("done")


@protocol
def work(mem, me):
    mem.write_once(X, me)
    mem.count(DONE)


def helper(mem):
    mem.write_once(X, 1)


SCENARIO = Scenario(
    name="mine",
    about="",
    roles=(Role("A", work, (0,)), Role("B", work, (1,))),
    variants=(Variant("v"),),
)
'''
#: (what is right, what somebody writes, the line that is named, what is said)
MISTAKES = [
    ('Role("A", work, (0,))', 'Role("A", work, 0)', 20, "role 'A': args=0 is not a tuple of numbers"),
    ('Role("A", work, (0,))', 'Role("A", work)', 8, "work takes (me) besides mem; role 'A' passes 0 values"),
    ('Role("A", work, (0,))', 'Role("A", work, (1, 2))', 8, "work takes (me) besides mem; role 'A' passes 2 values"),
    ('Role("A", work, (0,))', 'Role("A", work(0))', 20, "work: a protocol is run by an executor, not called"),
    ('Role("A", work, (0,))', 'Role("A", helper)', 20, "role 'A': helper is not a protocol; decorate it"),
    ('Role("A", work, (0,))', 'Role("A", 3)', 20, "role 'A': 3 is not a protocol; decorate it with @protocol"),
    ('Role("A", work, (0,))', 'Role("A", work, (0,), "interupt")', 20, "context 'interupt' is not one of process"),
    ('(Variant("v"),)', '(Variant("v"))', 17, "variants is not a tuple of Variants; one needs a comma"),
    ('Variant("v")', 'Variant("v", expects="use-after-fre")', 21, "not a violation kind; did you mean use-after-free?"),
    ('Variant("v")', 'Variant("v", needs=("dome",))', 0, "no protocol counts 'dome'; they count: done"),
    ('Variant("v")', 'Variant("v", params={"how": 1})', 0, "no protocol uses a parameter 'how'; they use: none"),
    ('(Variant("v"),)', '(Variant("v"), Variant("v"))', 17, "scenario 'mine': two variants are called 'v'"),
    ('Variant("v")', 'Variant("v w")', 21, "a variant is called 'v w'; a name is text without ' ' or ':'"),
    ('Variant("v")', 'Variant("v", needs="done")', 21, "needs='done' is not a tuple of names; one needs a comma"),
    ('Variant("v")', 'Variant("v", params=["how"])', 21, "params=['how'] is not a mapping from names to numbers"),
    ('Variant("v")', 'Variant("v", pool="re-use")', 21, "pool 're-use' is not one of reuse, quarantine"),
    ('Variant("v")', 'Variant("v", roles=Role("C", work, (1,)))', 21, "variant 'v': roles is not a tuple of Roles"),
    ('Variant("v")', 'Variant("v", expects_by=(((("lok", "pthread"),), "leak"),))', 21, "expects_by names 'lok'"),
    ('name="mine"', 'name="mine/1"', 17, "a scenario is called 'mine/1'; a name is text without ' ' or ':' or '/'"),
    ('about=""', 'about="", rounds=-1', 17, "its rounds: -1 is not a whole number from 1 to 1000"),
    ('about=""', 'about="", setup=helper', 17, "scenario 'mine', setup: helper is not a protocol; decorate it"),
    ('about=""', 'about="", small=4', 17, "small is not a Geometry(entries, levels, frames)"),
    ('Word("x")', 'Word("x", 0)', 3, "Word 'x', its count: 0 is not a whole number from 1 to 65536"),
    ('Word("x")', 'Word("x", 10**9)', 3, "Word 'x', its count: 1000000000 is not a whole number from 1 to 65536"),
    ('Word("x")', 'Word("")', 3, "a Word is called ''; a name is text without ' '"),
    ('Word("x")', 'Param("x", "1")', 3, "Param 'x': '1' is not a number; every value is a 64-bit word"),
    ("mem.write_once(X, me)", "x = mem", 9, "mem is no value; shared memory is a first parameter called mem"),
    ("mem.count(DONE)", "me.count(DONE)", 10, "me is a number; shared memory is a first parameter called mem"),
    ("write_once(X, me)", "write_once(X, mem.choose(0))", 9, "mem.choose among 0: the number of values is from 1 to"),
    ("write_once(X, me)", "write_once(X, mem.choose(1 << 40))", 9, "mem.choose among 1099511627776: the number of va"),
    ("write_once(X, me)", "write_once(X, X + 1)", 9, "X is the address of a shared word"),
    ("write_once(X, me)", "store(X, me)", 9, "mem.store does not exist"),
    ("mem.write_once(X, me)", "X = me", 9, "X is declared as a Word, a local variable needs another name"),
    ("mem.write_once(X, me)", "helper(mem)", 9, "helper is not a protocol; decorate it with @protocol"),
    ("mem.count(DONE)", "mem.count('done')", 10, "mem.count takes a Counter declared at module level"),
]


@pytest.mark.parametrize(("right", "wrong", "line", "said"), MISTAKES, ids=[mistake[1] for mistake in MISTAKES])
@pytest.mark.parametrize("command", ["explore", "run"])
def test_the_mistake_is_told_with_its_place(command: str, right: str, wrong: str, line: int, said: str, tmp_path: Path,
                                            capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    assert FILE.count(right) == 1
    file.write_text(FILE.replace(right, wrong))
    assert cli.main([command, str(file), "--seconds", "1"]) == 2
    error = capsys.readouterr().err.splitlines()[0]
    assert said in error
    assert line == 0 or f"mine.py:{line}: " in error


def test_without_a_mistake_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FILE)
    assert cli.main(["explore", str(file), "--seconds", "5"]) == 0


def test_a_wait_without_cpu_relax_is_told_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FILE.replace("    mem.write_once(X, me)\n", "    while mem.read_once(X) == 0:\n        pass\n", 1))
    assert cli.main(["explore", str(file), "--seconds", "5"]) == 1
    assert "a loop that waits for another thread calls mem.cpu_relax()" in " ".join(capsys.readouterr().out.split())
