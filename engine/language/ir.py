"""The intermediate form of a protocol: structured, with every shared access a statement of its own.

An expression (`Expr`) is a tree of local work without side effects; its only leaves are constants, variables,
parameters and addresses. Whatever touches memory, calls, chooses or may fail is a statement, in the order in which
Python would do it. All values are 64-bit words; an array is a handle to the thread's private memory.

    Prim    one row of the vocabulary          ArrayNew, ArrayGet, ArraySet    private arrays, bounds checked
    Call    another protocol                   If, While, Break, Continue, Return
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Const:
    value: int  # in [0, 2**64)


@dataclass(frozen=True)
class Var:
    name: str  # a Python identifier, unique in its function; `_tN` are temporaries


@dataclass(frozen=True)
class ParamRef:
    name: str  # a Param; a constant once a variant is chosen


@dataclass(frozen=True)
class Address:
    name: str  # a Word or a Lock; a constant once a layout is chosen


@dataclass(frozen=True)
class Binary:
    op: str  # a key of engine.words.BINARY
    a: Expr
    b: Expr


@dataclass(frozen=True)
class Unary:
    op: str  # a key of engine.words.UNARY
    a: Expr


Expr = Const | Var | ParamRef | Address | Binary | Unary


@dataclass(frozen=True)
class Place:
    """Where in the user's file: line from 1, column from 0."""

    line: int
    column: int = 0


@dataclass(frozen=True)
class Assign:
    target: str
    value: Expr
    place: Place


@dataclass(frozen=True)
class Prim:
    """A primitive. `args` are the dynamic operands (fixed ones included), in the row's order; `kind`, `text`, `counter`
    and `member` the static ones. `site` numbers the primitive sites of a program from 0; it is -1 before that."""

    name: str
    args: tuple[Expr, ...]
    target: str | None
    place: Place
    kind: str = ""
    text: str = ""
    counter: str = ""
    member: str = ""
    site: int = -1


@dataclass(frozen=True)
class Call:
    function: str  # a key of Module.functions
    args: tuple[Expr, ...]
    targets: tuple[str, ...]  # as many as the function returns, or none: the values are dropped
    place: Place


@dataclass(frozen=True)
class ArrayNew:
    target: str
    size: int  # words; zeroed; lives until the function returns
    place: Place


@dataclass(frozen=True)
class ArrayGet:
    target: str
    array: Expr
    index: Expr
    place: Place


@dataclass(frozen=True)
class ArraySet:
    array: Expr
    index: Expr
    value: Expr
    place: Place


@dataclass(frozen=True)
class If:
    test: Expr
    then: tuple[Stmt, ...]
    other: tuple[Stmt, ...]
    place: Place


@dataclass(frozen=True)
class While:
    """Repeat: `before`; leave unless `test`; `body`; `after`. Continue goes to `after`, Break leaves."""

    before: tuple[Stmt, ...]
    test: Expr
    body: tuple[Stmt, ...]
    after: tuple[Stmt, ...]
    place: Place


@dataclass(frozen=True)
class Break:
    place: Place


@dataclass(frozen=True)
class Continue:
    place: Place


@dataclass(frozen=True)
class Return:
    values: tuple[Expr, ...]
    place: Place


Stmt = Assign | Prim | Call | ArrayNew | ArrayGet | ArraySet | If | While | Break | Continue | Return


@dataclass(frozen=True)
class Function:
    """One protocol. `name` is unique in its module; `returns` is the number of values of every return."""

    name: str
    file: str
    line: int
    params: tuple[str, ...]  # without `mem`
    returns: int
    body: tuple[Stmt, ...]
    takes_mem: bool
    has_arrays: bool = False


@dataclass
class Module:
    """Every function that some roots reach, and every declaration they name, in order of first use."""

    functions: dict[str, Function] = field(default_factory=dict)
    words: dict[str, int] = field(default_factory=dict)  # name -> count
    locks: dict[str, tuple[str, int]] = field(default_factory=dict)  # name -> (kind "rw"|"spin", count)
    params: dict[str, int] = field(default_factory=dict)  # name -> default
    counters: dict[str, bool] = field(default_factory=dict)  # name -> counts as an operation
    caches: dict[str, Callable[[int], str]] = field(default_factory=dict)  # words that reports show as caches


def walk(body: tuple[Stmt, ...]) -> Iterator[Stmt]:
    """Every statement, outer before inner, in source order."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, If):
            yield from walk(stmt.then)
            yield from walk(stmt.other)
        elif isinstance(stmt, While):
            yield from walk(stmt.before)
            yield from walk(stmt.body)
            yield from walk(stmt.after)
