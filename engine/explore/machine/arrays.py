"""The machine's arrays as compiled code sees them: bare pointers to 64-bit words.

An entry point is called with NumPy arrays and says first of all

    C, S, U = constant(C), words(S), words(U)

Everything it calls then gets pointers: one word each to pass instead of seven, an index that is taken as it is (NumPy's
may be negative), and reads of C that are done once, because nothing changes C. That more than doubles the steps a
second. Without Numba arrays stay arrays.
"""

from __future__ import annotations

import operator
from typing import Any

from engine.jit import numba


def words(array: Any) -> Any:
    """An array that is read and written."""
    return array


def constant(array: Any) -> Any:
    """An array that does not change while compiled code runs."""
    return array


def _teach_numba() -> None:
    """A type for such pointers, and what `words` and `constant` mean in compiled code."""
    from llvmlite import ir

    types, extending = numba.types, numba.extending
    templates = numba.core.typing.templates
    word = ir.IntType(64)

    class Pointer(types.Type):  # type: ignore[misc, name-defined]
        def __init__(self, constant: bool) -> None:
            self.constant = constant
            super().__init__(name=f"Pointer({constant})")

    extending.register_model(Pointer)(extending.models.OpaqueModel)

    class Get(templates.AbstractTemplate):  # type: ignore[misc, name-defined]
        def generic(self, args: Any, _kws: Any) -> Any:
            if isinstance(args[0], Pointer) and isinstance(args[1], types.Integer):
                return templates.signature(types.int64, args[0], types.int64)
            return None

    class Set(templates.AbstractTemplate):  # type: ignore[misc, name-defined]
        def generic(self, args: Any, _kws: Any) -> Any:
            if isinstance(args[0], Pointer) and isinstance(args[1], types.Integer):
                return templates.signature(types.none, args[0], types.int64, types.int64)
            return None

    def cell(builder: Any, pointer: Any, index: Any) -> Any:
        return builder.gep(builder.bitcast(pointer, word.as_pointer()), [index])

    def load(_context: Any, builder: Any, sig: Any, args: Any) -> Any:
        value = builder.load(cell(builder, *args), align=8)
        if sig.args[0].constant:
            value.set_metadata("invariant.load", builder.module.add_metadata([]))
        return value

    def store(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        builder.store(args[2], cell(builder, args[0], args[1]), align=8)
        return context.get_dummy_value()

    templates.infer_global(operator.getitem)(Get)
    templates.infer_global(operator.setitem)(Set)
    extending.lower_builtin(operator.getitem, Pointer, types.int64)(load)
    extending.lower_builtin(operator.setitem, Pointer, types.int64, types.int64)(store)

    def teach(function: Any, result: Any) -> None:
        def convert(_typing: Any, array: Any) -> Any:
            def lower(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
                data = context.make_array(array)(context, builder, args[0]).data
                return builder.bitcast(data, context.get_value_type(result))

            return result(array), lower

        intrinsic = extending.intrinsic(convert)
        extending.overload(function, strict=False)(lambda array: lambda array: intrinsic(array))  # noqa: ARG005

    teach(words, Pointer(False))
    teach(constant, Pointer(True))


if numba is not None:
    _teach_numba()
