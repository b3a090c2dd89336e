"""What is outside the protocol language is answered with file, line, caret and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.declare import Protocol
from engine.errors import ProtocolError
from engine.language.front import compile_module
from tests.protocol_source import HEAD, load

#: (source of a protocol, the marked text, what the message says). `@` marks the caret in the body's line.
CASES = [
    ("with A:\n  pass", "with A", "'with' is not in the protocol language"),
    ("try:\n  pass\n finally:\n  pass", "try", "'try' is not"),
    ("raise ValueError", "raise", "'raise' is not"),
    ("assert A", "assert", "'assert' is not"),
    ("import os", "import", "'import' is not"),
    ("del A", "del", "'del' is not"),
    ("def g() -> None:\n  pass", "def g", "'def' is not"),
    ("x = [1]", "[1]", "a list is not"),
    ("x = {}", "{}", "a dict is not"),
    ("x = lambda: 0", "lambda", "lambda is not"),
    ("x = 1, 2", "1, 2", "a tuple here"),
    ("x = f'{A}'", "f'", "an f-string"),
    ("x = (y := 3)", "y :", "':=' is not"),
    ("x = 1.5", "1.5", "every value is a 64-bit word"),
    ("x = 'a'", "'a'", "every value is a 64-bit word"),
    ("x = None", "None", "every value is a 64-bit word"),
    ("x = 1 << 3 ** 2", "3 **", "operator Pow is not"),
    ("x = 4 / 2", "4 /", "write // for division"),
    ("x = 4\n x /= 2", "x /=", "operator Div is not"),
    ("x = A is A", "A is", "'is' is not"),
    ("x = 4 in (4,)", "4 in", "'in' is not"),
    ("x = 0x1ffffffffffffffff", "0x1", "does not fit into 64 bits"),
    ("x = -0x1ffffffffffffffff", "-0x1", "does not fit into 64 bits"),
    ("x = y = 1", "x =", "one target per assignment"),
    ("x: int", "x: int", "give the variable a value"),
    ("A.b = 1", "A.b", "only local names and array elements"),
    ("x, A.b = 1, 2", "A.b", "only local names"),
    ("mem = 1", "mem =", "'mem' is reserved"),
    ("_t1 = 1", "_t1", "'_t1' is reserved"),
    ("x, y = A", "A", "the right side is a call with as many values"),
    ("x, y = 1, 2, 3", "1, 2", "the right side is a call with as many values"),
    ("A + 1", "A + 1", "an expression without effect"),
    ("for i in (1, 2):\n  pass", "(1, 2)", "for loops run over range"),
    ("for i in range(3):\n  pass\n else:\n  pass", "for i", "without else"),
    ("for i in range(0, 3, A):\n  pass", "A)", "a literal other than 0"),
    ("for i in range(0, 3, 0):\n  pass", "0):", "a literal other than 0"),
    ("while A:\n  pass\n else:\n  x = 1", "x = 1", "while ... else"),
    ("x = mem.read_onze(A)", "mem.read_onze", "mem.read_onze does not exist; did you mean read_once?"),
    ("x = mem.write_once(A, 1)", "mem.write_once", "mem.write_once has no value"),
    ("mem.write_once(A)", "mem.write_once", "mem.write_once takes (address, value), not 1 operands"),
    ("mem.read_once(address=A)", "mem.read_once", "arguments are positional"),
    ("mem.count(A)", "A)", "takes a Counter declared at module level"),
    ("mem.check(A, 'deadlock', 'x')", "'deadlock'", "is not a kind a protocol may state"),
    ("mem.check(A, A)", "A)", "the text is a literal string"),
    ("mem.set_member(A, 'pt_m')", "'pt_m'", "is no member of struct page, ptdesc or ioptdesc; did you mean pt_mm?"),
    ("mem.use_member(A, 'nonsense')", "'nonsense'", "is no member of struct page, ptdesc or ioptdesc"),
    ("mem.drop_member(A, A)", "A)", "the member is a literal string"),
    ("x = mem.use_member(A, 'pt_mm')", "mem.use_member", "mem.use_member has no value"),
    ("mem.use_member(A)", "mem.use_member", "mem.use_member takes (address, member), not 1 operands"),
    ("x = WORK", "WORK", "a counter is only for mem.count"),
    ("x = helper", "helper", "is a Protocol, not an integer constant"),
    ("x = nowhere", "nowhere", "'nowhere' is not defined"),
    ("x = HOV", "HOV", "did you mean HOW?"),
    ("x = plain()", "plain", "plain is not a protocol; decorate it with @protocol"),
    ("helper(1)", "helper", "helper takes `mem` first"),
    ("helper(mem)", "helper", "helper takes 1 arguments, not 0"),
    ("x, y = helper(mem, 1)", "helper", "helper returns 1 values, 2 are wanted"),
    ("x = array(0)", "array", "an array has a constant size from 1 to 512"),
    ("x = array(mem.read_once(A))", "array", "an array has a constant size"),
    ("x = 1 + array(3)", "array", "an array is given a name first"),
    ("x = min(1)", "min", "min: wrong number of arguments"),
    ("x = B[2]", "B[2]", "B has 2 elements, from 0"),
    ("x = B[-1]", "B[-1]", "B has 2 elements, from 0"),
    ("x = 1 < mem.read_once(A) < 3", "1 <", "may not contain a call; use a variable"),
    ("mem.write_once(A, x)\n x = 1", "mem.write_once", "'x' may be read here before it has a value"),
    ("if A:\n  pass", "A:", "A is the address of a shared word; its value is mem.read_once(A)"),
    ("while not A:\n  pass", "A:", "A is the address of a shared word"),
    ("while A == 0:\n  pass", "A ==", "A is the address of a shared word"),
    ("x = 1 if 3 > A else 2", "A else", "A is the address of a shared word"),
    ("x = HOW and A", "A\n", "A is the address of a shared word"),
    ("mem.write_once(A, A + 1)", "A + 1", "A is the address of a shared word"),
    ("if S:\n  pass", "S:", "S is the address of a lock, never 0"),
    ("A = mem.read_once(A) + 1", "A =", "A is declared as a Word, a local variable needs another name; mem.write"),
    ("HOW += 1", "HOW +=", "HOW is declared as a Param, a local variable needs another name"),
    ("print(A)", "print", "print is Python's own; a protocol calls primitives (mem.read_once) and other protocols"),
    ("x = len(B)", "len", "len is Python's own"),
    ("x += 1", "x +=", "'x' may be read here before it has a value"),
    ("if HOW:\n  x = 1\n mem.write_once(A, x)", "mem.write", "'x' may be read here"),
    ("for i in range(A):\n  x = 1\n mem.write_once(A, x)", "mem.write", "'x' may be read here"),
    ("while True:\n  if HOW:\n   break\n  x = 1\n  break\n mem.write_once(A, x)", "mem.write", "'x' may be read here"),
    ("if HOW:\n  return 1\n return", "return\n", "every return of a protocol has the same number of values"),
    ("if HOW:\n  return 1", "def f", "returns a value on some paths only"),
]


def compile_f(folder: Path, text: str) -> tuple[ProtocolError | None, str]:
    source = HEAD + "\ndef plain() -> int:\n    return 1\n\n@protocol\ndef helper(mem, x):\n    return x\n\n" + text
    module = load(folder, source)
    try:
        compile_module([module.f])
    except ProtocolError as error:
        return error, source
    return None, source


@pytest.mark.parametrize(("body", "marked", "message"), CASES, ids=[case[0].split("\n")[-1].strip() for case in CASES])
def test_the_error_points_at_its_cause(body: str, marked: str, message: str, tmp_path: Path) -> None:
    error, source = compile_f(tmp_path, f"@protocol\ndef f(mem):\n {body}\n")
    assert error is not None
    assert message in error.what
    text = str(error).split("\n")
    place = re.match(r"(.*\.py):(\d+): ", text[0])
    assert place is not None
    line = source.split("\n")[int(place[2]) - 1] + "\n"
    assert text[1].strip() == line.strip()
    assert line[error.column:].startswith(marked)
    assert text[1][text[2].index("^"):] == line[error.column:].rstrip("\n")


@pytest.mark.parametrize(("header", "message"), [
    ("def f(mem, *rest):", "plain positional parameters only"),
    ("def f(mem, x=1):", "plain positional parameters only"),
    ("def f(mem, *, x):", "plain positional parameters only"),
    ("async def f(mem):", "marks plain functions only"),
    ("class f:", "marks plain functions only"),
])
def test_what_cannot_be_a_protocol(header: str, message: str, tmp_path: Path) -> None:
    error, _ = compile_f(tmp_path, f"@protocol\n{header}\n    pass\n")
    assert error is not None
    assert message in error.what


def test_a_lambda_is_no_protocol(tmp_path: Path) -> None:
    error, _ = compile_f(tmp_path, "f = [protocol(lambda mem: 0),\n     0][0]\n")
    assert error is not None
    assert "marks plain functions only" in error.what


@pytest.mark.parametrize("text", [
    "@protocol\ndef f(x):\n    mem = 3\n    return x\n",
    "@protocol\ndef f(x):\n    return mem.read_once(A)\n",
    "@protocol\ndef f(x):\n    return helper(mem, x)\n",
])
def test_a_protocol_without_mem_touches_nothing(text: str, tmp_path: Path) -> None:
    error, _ = compile_f(tmp_path, text)
    assert error is not None


def test_two_declarations_of_one_name(tmp_path: Path) -> None:
    error, _ = compile_f(tmp_path, 'A2 = Word("A")\n@protocol\ndef f(mem):\n    mem.write_once(A, mem.read_once(A2))\n')
    assert error is not None
    assert "two declarations are called 'A'" in error.what


def test_no_source() -> None:
    space: dict[str, object] = {}
    exec("def f(mem):\n    pass\n", space)
    with pytest.raises(ProtocolError, match="put protocols in a file"):
        compile_module([Protocol(space["f"])])  # type: ignore[arg-type]
