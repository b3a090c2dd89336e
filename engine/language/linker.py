"""What the protocols of one scenario share: names of functions and declarations."""

from __future__ import annotations

from engine.declare import Counter, Lock, Param, Protocol, Word
from engine.language import ir
from engine.words import MASK


class Linker:
    """Names every function and declaration once; a name that two declarations share is the user's error."""

    def __init__(self) -> None:
        self.module = ir.Module()
        self.names: dict[int, tuple[Protocol, str]] = {}
        self.todo: list[tuple[Protocol, str]] = []
        self.declared: dict[str, object] = {}

    def name_of(self, protocol: Protocol) -> str:
        if id(protocol) not in self.names:
            taken = {name for _, name in self.names.values()}
            name, n = protocol.name, 1
            while name in taken:
                n += 1
                name = f"{protocol.name}_{n}"
            self.names[id(protocol)] = (protocol, name)
            self.todo.append((protocol, name))
        return self.names[id(protocol)][1]

    def declare(self, value: Word | Lock | Param | Counter) -> bool:
        """Note a declaration; False if another one has the same name and is not the same thing."""
        if self.declared.setdefault(value.name, value) is not value:
            return False
        if isinstance(value, Word):
            self.module.words[value.name] = value.count
            if value.cache is not None:
                self.module.caches[value.name] = value.cache
        elif isinstance(value, Lock):
            self.module.locks[value.name] = (value.kind, value.count)
        elif isinstance(value, Param):
            self.module.params[value.name] = int(value) & MASK
        else:
            self.module.counters[value.name] = value.operation
        return True
