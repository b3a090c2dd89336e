"""The language's own functions, by name, for type checkers and readers. The compiler knows them; nobody calls them."""

from __future__ import annotations

from engine.errors import UsageError


def _only_inside(name: str) -> UsageError:
    return UsageError(f"{name}(): known only inside a protocol; protocols are run by an executor, not called")


def array(size: int) -> list[int]:
    """A private array of `size` zeroed words, 1 to 512; it lives until the function that made it returns."""
    raise _only_inside(f"array of {size}")


def slt(a: int, b: int) -> int:
    """Signed a < b."""
    raise _only_inside(f"slt of {a}, {b}")


def sle(a: int, b: int) -> int:
    """Signed a <= b."""
    raise _only_inside(f"sle of {a}, {b}")


def sar(a: int, count: int) -> int:
    """Arithmetic shift to the right."""
    raise _only_inside(f"sar of {a}, {count}")


def sext32(a: int) -> int:
    """The low 32 bits, sign extended to 64."""
    raise _only_inside(f"sext32 of {a}")


def u32(a: int) -> int:
    """The low 32 bits."""
    raise _only_inside(f"u32 of {a}")
