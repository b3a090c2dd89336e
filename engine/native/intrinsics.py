"""Instructions that Numba has no name for, on absolute 64-bit addresses.

Numba has no atomics for the CPU, and a plain array access is no memory access at all: LLVM folds and hoists it. So
every shared word goes through one of these, the deliberately racy ones too (atomic, `monotonic`). All arguments and
results are uint64; a 32-bit access zero-extends.
"""

# mypy: disable-error-code="no-untyped-call, untyped-decorator"
from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import llvmlite.ir as ll
from numba.core import types
from numba.extending import intrinsic

U64 = types.uint64
I1, I8, I16, I32, I64 = (ll.IntType(bits) for bits in (1, 8, 16, 32, 64))
X86 = platform.machine().lower() in ("x86_64", "amd64", "i686")

#: (builder, arguments) -> result, or None for a function without one.
Body = Callable[[Any, Sequence[Any]], Any]


@dataclass(frozen=True)
class Instruction:
    """What the executor's own functions call by name; `body` writes its code with an LLVM builder."""

    name: str
    body: Body

    def __call__(self, *_words: int) -> int:
        raise TypeError(f"{self.name} stands for compiled code")


def define(name: str, _arity: int, body: Body, _result: bool = True) -> Callable[..., int]:
    """An instruction of so many words."""
    return Instruction(name, body)


def for_numba(name: str, arity: int, body: Body) -> Callable[..., int]:
    """A function of `arity` uint64 operands and a uint64 result that Numba can compile a call of."""

    def typer(_typing: Any, *args: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, values: Sequence[Any]) -> Any:
            return body(builder, values)

        return (U64(*[U64] * arity), generate) if len(args) == arity else None

    names = ", ".join(f"a{i}" for i in range(arity))
    scope: dict[str, Any] = {"typer": typer}
    exec(f"def {name}(typing_context, {names}):\n    return typer(typing_context, {names})", scope)
    made: Callable[..., int] = intrinsic(scope[name])
    return made


def _pointer(builder: Any, address: Any, width: int) -> Any:
    return builder.inttoptr(address, ll.IntType(width * 8).as_pointer())


def _wide(builder: Any, value: Any) -> Any:
    return value if value.type == I64 else builder.zext(value, I64)


def _narrow(builder: Any, value: Any, width: int) -> Any:
    return value if width == 8 else builder.trunc(value, ll.IntType(width * 8))


def _load(width: int, order: str) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        return _wide(builder, builder.load_atomic(_pointer(builder, values[0], width), order, width))

    return body


def _store(width: int, order: str) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> None:
        builder.store_atomic(_narrow(builder, values[1], width), _pointer(builder, values[0], width), order, width)

    return body


def _rmw(op: str, width: int, order: str) -> Body:
    def body(builder: Any, values: Sequence[Any]) -> Any:
        pointer = _pointer(builder, values[0], width)
        return _wide(builder, builder.atomic_rmw(op, pointer, _narrow(builder, values[1], width), order))

    return body


def _cmpxchg(width: int, order: str) -> Body:
    failure = {"release": "monotonic"}.get(order, order)

    def body(builder: Any, values: Sequence[Any]) -> Any:
        expected, new = (_narrow(builder, v, width) for v in values[1:])
        pair = builder.cmpxchg(_pointer(builder, values[0], width), expected, new, order, failure)
        return _wide(builder, builder.extract_value(pair, 0))

    return body


def _plain_load(builder: Any, values: Sequence[Any]) -> Any:
    return builder.load(_pointer(builder, values[0], 8))


def _plain_store(builder: Any, values: Sequence[Any]) -> None:
    builder.store(values[1], _pointer(builder, values[0], 8))


#: LKMM order -> LLVM order.
ORDERS = {"relaxed": "monotonic", "acquire": "acquire", "release": "release", "full": "seq_cst"}

#: ("load" | "store" | an atomicrmw operation | "cmpxchg", width, LKMM order) -> intrinsic.
ATOMIC: dict[tuple[str, int, str], Callable[..., int]] = {}
for _width in (4, 8):
    for _order, _llvm in ORDERS.items():
        for _op in ("add", "sub", "and", "or", "xor", "xchg"):
            ATOMIC[_op, _width, _order] = define(f"{_op}{_width}_{_order}", 2, _rmw(_op, _width, _llvm))
        ATOMIC["cmpxchg", _width, _order] = define(f"cmpxchg{_width}_{_order}", 3, _cmpxchg(_width, _llvm))
    for _order in ("relaxed", "acquire"):
        ATOMIC["load", _width, _order] = define(f"load{_width}_{_order}", 1, _load(_width, ORDERS[_order]))
    for _order in ("relaxed", "release"):
        ATOMIC["store", _width, _order] = define(f"store{_width}_{_order}", 2, _store(_width, ORDERS[_order]), False)

# The names that the executor's own code uses.
load = ATOMIC["load", 8, "relaxed"]
load_acquire = ATOMIC["load", 8, "acquire"]
load32 = ATOMIC["load", 4, "relaxed"]
load32_acquire = ATOMIC["load", 4, "acquire"]
store = ATOMIC["store", 8, "relaxed"]
store_release = ATOMIC["store", 8, "release"]
store32 = ATOMIC["store", 4, "relaxed"]
add = ATOMIC["add", 8, "full"]
add32 = ATOMIC["add", 4, "full"]
cas = ATOMIC["cmpxchg", 8, "full"]
cas32 = ATOMIC["cmpxchg", 4, "full"]
xchg = ATOMIC["xchg", 8, "full"]
store8_release = define("store8_release", 2, _store(1, "release"), False)

#: Of memory that only the calling thread uses: its private arrays.
private_load = define("private_load", 1, _plain_load)
private_store = define("private_store", 2, _plain_store, False)

fence = define("fence", 0, lambda b, _v: b.fence("seq_cst"), False)
fence_acquire = define("fence_acquire", 0, lambda b, _v: b.fence("acquire"), False)
fence_release = define("fence_release", 0, lambda b, _v: b.fence("release"), False)


def _pause(builder: Any, _values: Sequence[Any]) -> None:
    """x86 `pause`. Inline assembler would abort the process where LLVM's parser was not initialised."""
    if X86:
        kind = ll.FunctionType(ll.VoidType(), [])
        builder.call(_declare(builder, "llvm.x86.sse2.pause", kind), [])


pause = define("pause", 0, _pause, False)


def _declare(builder: Any, name: str, kind: Any) -> Any:
    module = builder.module
    return module.globals[name] if name in module.globals else ll.Function(module, kind, name)


def system(symbol: str, arity: int) -> Callable[..., int]:
    """A function of libc by its symbol: word arguments, an int result sign-extended to 64 bits."""

    def body(builder: Any, values: Sequence[Any]) -> Any:
        callee = _declare(builder, symbol, ll.FunctionType(I32, [I64] * arity))
        return builder.sext(builder.call(callee, values), I64)

    return define(f"c_{symbol}", arity, body)


sched_yield = system("sched_yield", 0)
clock_gettime = system("clock_gettime", 2)
usleep = system("usleep", 1)


def _ticks(builder: Any, _values: Sequence[Any]) -> Any:
    """The processor's clock, which all its cores share; only x86's may be read everywhere."""
    return builder.call(_declare(builder, "llvm.readcyclecounter", ll.FunctionType(I64, [])), [])


ticks = define("ticks", 0, _ticks)


def _copy(builder: Any, values: Sequence[Any]) -> None:
    p8 = I8.as_pointer()
    kind = ll.FunctionType(ll.VoidType(), [p8, p8, I64, I1])
    target, source = (builder.inttoptr(v, p8) for v in values[:2])
    builder.call(_declare(builder, "llvm.memcpy.p0i8.p0i8.i64", kind), [target, source, values[2], I1(0)])


def _clear(builder: Any, values: Sequence[Any]) -> None:
    p8 = I8.as_pointer()
    kind = ll.FunctionType(ll.VoidType(), [p8, I8, I64, I1])
    target = builder.inttoptr(values[0], p8)
    builder.call(_declare(builder, "llvm.memset.p0i8.i64", kind), [target, I8(0), values[1], I1(0)])


copy = define("copy", 3, _copy, False)  # target, source, bytes; nobody else looks at either meanwhile
clear = define("clear", 2, _clear, False)  # target, bytes


def _stack(builder: Any, _values: Sequence[Any]) -> Any:
    """Where the stack is now."""
    return builder.ptrtoint(builder.alloca(I64), I64)


stack = define("stack", 0, _stack)
