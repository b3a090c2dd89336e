"""What the language means, where a reader could be in doubt. Each protocol leaves its answers in shared words."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.python.replay import walk
from engine.schedule import Execution
from tests.protocol_source import program


def run(folder: Path, text: str, **options: object) -> tuple[Execution, dict[str, int]]:
    """One walk; the execution, and the words A, B[0], B[1] at its end."""
    p = program(folder, text, **options)  # type: ignore[arg-type]
    _, execution = walk(p, 1, folder=folder)
    at = p.layout.words
    words = {"A": execution.final.get(at["A"], 0)} if "A" in at else {}
    if "B" in at:
        words |= {f"B{i}": execution.final.get(at["B"] + i * 8, 0) for i in (0, 1)}
    return execution, words


def a(folder: Path, *lines: str, helpers: str = "") -> int:
    """The value of A after a role with these lines."""
    text = f"{helpers}\n@protocol\ndef role(mem):\n" + "".join(f"    {line}\n" for line in lines)
    execution, words = run(folder, text)
    assert execution.violation is None
    return words["A"]


@pytest.mark.parametrize(("expression", "value"), [
    ("0 - 1", (1 << 64) - 1), ("TOP + TOP", 0), ("-1 >> 63", 1), ("1 << 64", 0), ("7 // 0", 0), ("7 % 0", 7),
    ("-1 < 1", 0), ("slt(-1, 1)", 1), ("sar(TOP, 63)", (1 << 64) - 1), ("sext32(0x80000000)", 0xFFFFFFFF80000000),
    ("u32(1 << 35 | 5)", 5), ("~0", (1 << 64) - 1), ("not 5", 0), ("bool(TOP)", 1), ("int(3)", 3), ("+4", 4),
    ("5 and 6", 6), ("0 and 6", 0), ("5 or 6", 5), ("0 or 6", 6), ("1 if 0 else 2", 2), ("1 < 2 < 3", 1),
    ("3 > 2 > 2", 0), ("min(-1, 1)", 1), ("max(-1, 1)", (1 << 64) - 1), ("True + True", 2),
    ("(1 < 2) + (2 < 1)", 1), ("2 * TOP", 0), ("-TOP", 1 << 63), ("-0xffffffffffffffff", 1), ("HOW", 0),
])
def test_an_expression(expression: str, value: int, tmp_path: Path) -> None:
    assert a(tmp_path, f"mem.write_once(A, {expression})") == value
    assert a(tmp_path, "one = mem.choose(1) + 1", f"mem.write_once(A, {expression} if one else 0)") == value


@pytest.mark.parametrize(("header", "visited"), [
    ("range(3)", [0, 1, 2]), ("range(1, 3)", [1, 2]), ("range(3, 0, -1)", [3, 2, 1]), ("range(0)", []),
    ("range(2, 2)", []), ("range(0, 5, 2)", [0, 2, 4]), ("range(-2, 1)", [-2, -1, 0]), ("range(n)", [0, 1]),
])
def test_a_for_loop_visits(header: str, visited: list[int], tmp_path: Path) -> None:
    got = a(tmp_path, "n = 2", f"for i in {header}:", "    mem.write_once(A, mem.read_once(A) * 16 + i + 3)")
    expected = 0
    for i in visited:
        expected = (expected * 16 + i + 3) % (1 << 64)
    assert got == expected


def test_assigning_to_the_loop_variable_changes_nothing(tmp_path: Path) -> None:
    assert a(tmp_path, "for i in range(3):", "    mem.atomic64_add(A, 1)", "    i = 7") == 3


def test_the_bounds_are_evaluated_once(tmp_path: Path) -> None:
    assert a(tmp_path, "n = 3", "for i in range(n):", "    n = 1", "    mem.atomic64_inc(A)") == 3


def test_continue_goes_to_the_next_turn_and_break_leaves(tmp_path: Path) -> None:
    assert a(tmp_path, "for i in range(10):", "    if i == 2:", "        continue", "    if i == 4:", "        break",
             "    mem.atomic64_add(A, 1 << 4 * i)") == 0x1011


def test_nested_loops_leave_their_own(tmp_path: Path) -> None:
    assert a(tmp_path, "for i in range(3):", "    n = 0", "    while True:", "        n += 1", "        if n > i:",
             "            break", "        mem.atomic64_inc(A)", "    mem.atomic64_add(A, 16)") == 0x33


def test_a_value_set_before_every_break_is_set_after_an_endless_loop(tmp_path: Path) -> None:
    assert a(tmp_path, "while True:", "    x = mem.atomic64_inc_return(A)", "    if x == 3:", "        break",
             "mem.write_once(A, x * 10)") == 30


@pytest.mark.parametrize(("line", "steps"), [
    ("x = mem.read_once(A) + mem.xchg(B, 1)", ["read_once", "xchg"]),
    ("mem.write_once(mem.read_once(A) * 0 + A, mem.xchg(B, 1))", ["read_once", "xchg", "write_once"]),
    ("box[mem.read_once(A)] = mem.xchg(B, 1)", ["xchg", "read_once"]),
    ("box[mem.read_once(A)] += mem.xchg(B, 1)", ["read_once", "xchg"]),
    ("x = 0 and mem.read_once(A)", []),
    ("x = mem.read_once(A) and mem.xchg(B, 1)", ["read_once"]),
    ("x = mem.read_once(A) or mem.xchg(B, 1)", ["read_once", "xchg"]),
    ("x = mem.read_once(A) if mem.xchg(B, 1) else mem.read_once32(A)", ["xchg", "read_once32"]),
    ("x, y = mem.read_once(A), mem.xchg(B, 1)", ["read_once", "xchg"]),
    ("for i in range(mem.read_once(A), mem.xchg(B, 1)): pass", ["read_once", "xchg"]),
    ("x = mem.read_once(A) == 0 == mem.xchg(B, 1)", ["read_once", "xchg"]),
    ("x = mem.read_once(A) == 1 == mem.xchg(B, 1)", ["read_once"]),
    ("x = helper(mem, mem.read_once(A), mem.xchg(B, 1))", ["read_once", "xchg", "read_once32"]),
])
def test_the_order_of_steps_is_pythons(line: str, steps: list[str], tmp_path: Path) -> None:
    text = ("@protocol\ndef helper(mem, x, y):\n    return mem.read_once32(A)\n"
            f"@protocol\ndef role(mem):\n    box = array(4)\n    {line}\n"
            "    mem.atomic_inc(B)\n    mem.atomic_inc(A)\n")
    p = program(tmp_path, text)
    _, execution = walk(p, 1, folder=tmp_path)
    assert execution.violation is None
    assert [p.sites[s.site].primitive for s in execution.steps][:-2] == steps


def test_tuple_assignment_swaps(tmp_path: Path) -> None:
    assert a(tmp_path, "x, y = 1, 2", "x, y = y, x", "mem.write_once(A, x * 16 + y)") == 0x21


def test_several_return_values(tmp_path: Path) -> None:
    helpers = "@protocol\ndef helper(mem, x):\n    if x:\n        return x, 2\n    return 7, 8\n"
    assert a(tmp_path, "p, q = helper(mem, 0)", "r, s = helper(mem, p)", "mem.write_once(A, q * 256 + r * 16 + s)",
             helpers=helpers) == 0x872


def test_recursion_has_its_own_variables_and_arrays(tmp_path: Path) -> None:
    helpers = ("@protocol\ndef helper(n):\n    box = array(1)\n    box[0] = n\n    if n == 0:\n        return 0\n"
               "    rest = helper(n - 1)\n    return rest * 16 + box[0]\n")
    assert a(tmp_path, "mem.write_once(A, helper(4))", helpers=helpers) == 0x1234


def test_an_array_is_zeroed_every_time_and_passed_by_handle(tmp_path: Path) -> None:
    helpers = "@protocol\ndef helper(box):\n    box[1] = box[1] + 5\n@protocol\ndef helper2(mem):\n" \
              "    box = array(2)\n    helper(box)\n    mem.write_once(A, mem.read_once(A) * 16 + box[1] + box[0])\n"
    assert a(tmp_path, "helper2(mem)", "helper2(mem)", helpers=helpers) == 0x55


@pytest.mark.parametrize("lines", [
    ("x[4] = 1",), ("y = x[4]",), ("y = x[-1]",), ("y = 5", "z = y[0]"), ("x[1 << 40] = 1",),
])
def test_an_index_out_of_bounds_is_a_wild_access_at_its_line(lines: tuple[str, ...], tmp_path: Path) -> None:
    text = "@protocol\ndef role(mem):\n    x = array(4)\n    x[3] = 1\n" + "".join(f"    {line}\n" for line in lines)
    execution, _ = run(tmp_path, text)
    assert execution.violation is not None
    assert execution.violation.kind == "wild-access"
    file, line = execution.violation.where.rsplit(":", 1)
    assert Path(file).read_text().split("\n")[int(line) - 1].strip() == lines[-1]


def test_names_of_the_users_never_meet_ours(tmp_path: Path) -> None:
    helpers = "@protocol\ndef helper(x):\n    return x + 1\n"
    assert a(tmp_path, "f_helper = 3", "_m = helper(f_helper)", "u_m, _add, _table = 1, 2, 4", "_mark = 8",
             "mem.write_once(A, f_helper + _m * 16 + (u_m + _add + _table + _mark) * 256)", helpers=helpers) == 0xF43


def test_a_parameter_is_the_variants(tmp_path: Path) -> None:
    text = ("@protocol\ndef role(mem):\n    if HOW == 2:\n        mem.write_once(A, 5)\n"
            "    else:\n        mem.write_once(A, HOW)\n")
    assert run(tmp_path, text, params={"how": 2})[1]["A"] == 5
    assert run(tmp_path, text, params={"how": 9})[1]["A"] == 9
    assert run(tmp_path, text)[1]["A"] == 0


def test_an_indented_protocol_keeps_its_lines(tmp_path: Path) -> None:
    text = ('if 1:\n    @protocol\n    def role(mem):\n        """Text\nthat starts further left."""\n'
            "        mem.check(mem.read_once(A), 'check', 'no')\n")
    execution, _ = run(tmp_path, text)
    assert execution.violation is not None
    file, line = execution.violation.where.rsplit(":", 1)
    assert "mem.check" in Path(file).read_text().split("\n")[int(line) - 1]


def test_endless_recursion_and_endless_loops_end(tmp_path: Path) -> None:
    deep = "@protocol\ndef helper(x):\n    y = helper(x + 1)\n    return y\n@protocol\ndef role(mem):\n    helper(1)\n"
    execution, _ = run(tmp_path, deep)
    assert execution.violation is not None
    assert execution.violation.kind == "stack-overflow"
    execution, _ = run(tmp_path, "@protocol\ndef role(mem):\n    while 1:\n        pass\n")
    assert execution.violation is not None
    assert execution.violation.kind == "step-limit"


def test_who_asks_whether_the_run_goes_on(tmp_path: Path) -> None:
    """The native executor stops such threads, and waits for the others."""
    p = program(tmp_path, '''
@protocol
def helper_inner(mem):
    while mem.running():
        mem.atomic64_inc(A)

@protocol
def helper_outer(mem):
    helper_inner(mem)

@protocol
def asks(mem):
    helper_outer(mem)

@protocol
def does_not(mem):
    mem.atomic64_inc(A)
''')
    assert [thread.function in p.ask_running for thread in p.threads] == [True, False]
