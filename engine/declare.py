"""What a protocol file declares: shared words, locks, parameters, counters, protocols, and the scenario made of them.

The declarations are ints to a type checker and to a reader, names to the compiler: `mem.read_once(COUNT)` passes the
address that the layout gives to `COUNT`; `if RECHECK:` tests the value that the variant gives to `RECHECK`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final, TypeVar, cast

from engine.errors import UsageError
from engine.violations import BY_NAME

#: The expectation "no execution breaks it".
CLEAN: Final = "clean"

#: What may stand in `Variant.kind`.
VARIANT_KINDS: Final = ("race", "sequential", "mutation", "claim", "fix")

#: What `Variant.expects_by` may ask of a mode. Context: "interrupt" where a role runs in one, "process" elsewhere.
CONDITIONS: Final = ("lock", "context", "model", "executor")

#: What may stand in `Role.context`.
CONTEXTS: Final = ("process", "interrupt", "hardware")
POOLS: Final = ("reuse", "quarantine")
#: How many words or locks of one name. More is a slip, and an arena of gigabytes.
COUNT_MAX: Final = 1 << 16
ROUNDS_MAX: Final = 1000


def _named(what: str, name: object, without: str = "") -> None:
    """Names are typed on command lines and stand in pictures: no spaces, no line ends, and not what parts them."""
    if not (isinstance(name, str) and name.isprintable() and name and not set(name) & {" ", *without}):
        signs = " or ".join(map(repr, (" ", *without)))
        raise UsageError(f"{what} is called {name!r}; a name is text without {signs}")


def _one_of(what: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        close = "".join(f"; did you mean {name}?" for name in get_close_matches(str(value), known, 1))
        raise UsageError(f"{what} {value!r} is not one of {', '.join(known)}{close}")


def _counted(what: str, count: object, most: int) -> None:
    if not (isinstance(count, int) and 1 <= count <= most):
        raise UsageError(f"{what}: {count!r} is not a whole number from 1 to {most}")


class Mem:
    """The type of a protocol's first parameter. Its methods are the rows of `engine.vocabulary`."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        raise UsageError(f"mem.{name}: protocols are run by an executor, not called; see engine.api")


class Declared(int):
    """Base of everything that a protocol refers to by a module-level name."""

    name: str

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class Word(Declared):
    """`count` shared 64-bit words, zero at first, on cache lines of their own. `NAME` and `NAME[i]` are addresses.

    `cache`: for reports: they are what a hardware walker has cached; says in words what a value that is not 0 means.
    """

    count: int
    cache: Callable[[int], str] | None

    def __new__(cls, name: str, count: int = 1, cache: Callable[[int], str] | None = None) -> Word:
        _named("a Word", name)
        _counted(f"Word {name!r}, its count", count, COUNT_MAX)
        self = super().__new__(cls, 0)
        self.name, self.count, self.cache = name, count, cache
        return self

    def __getitem__(self, index: int) -> int:
        raise UsageError(f"{self.name}[{index}]: an address is known only inside a protocol")


class Lock(Declared):
    """Base of the locks: `count` of them, `NAME[i]` is the i-th."""

    count: int
    kind = ""

    def __new__(cls, name: str, count: int = 1) -> Lock:
        _named(f"a {cls.__name__}", name)
        _counted(f"{cls.__name__} {name!r}, its count", count, COUNT_MAX)
        self = super().__new__(cls, 0)
        self.name, self.count = name, count
        return self

    def __getitem__(self, index: int) -> int:
        raise UsageError(f"{self.name}[{index}]: an address is known only inside a protocol")


class RWLock(Lock):
    """A reader-writer lock; which implementation is the run's choice (`--lock`)."""

    kind = "rw"


class SpinLock(Lock):
    """A spinning lock that only one thread holds."""

    kind = "spin"


class Param(Declared):
    """A read-only value that a variant may change. Folded before a search; never a shared access.

    Args:
        name: unique in a scenario.
        default: the value where the variant says nothing.
        names: for reports: value -> word.
    """

    names: Mapping[int, str]

    def __new__(cls, name: str, default: int = 0, names: Mapping[int, str] | None = None) -> Param:
        _named("a Param", name)
        if not isinstance(default, int):
            raise UsageError(f"Param {name!r}: {default!r} is not a number; every value is a 64-bit word")
        self = super().__new__(cls, default)
        self.name, self.names = name, names or {}
        return self


class Counter(Declared):
    """A unit of work that `mem.count` counts, per thread. `operation` ones add up to operations per second."""

    meaning: str
    operation: bool

    def __new__(cls, name: str, meaning: str = "", operation: bool = False) -> Counter:
        _named("a Counter", name)
        self = super().__new__(cls, 0)
        self.name, self.meaning, self.operation = name, meaning, operation
        return self


@dataclass(frozen=True)
class Protocol:
    """A function of the protocol language. Made by `@protocol`; compiled when an executor needs it."""

    function: Callable[..., Any]

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def takes_mem(self) -> bool:
        """Whether it may touch shared memory: its first parameter is called `mem`."""
        parameters = list(inspect.signature(self.function).parameters)
        return bool(parameters) and parameters[0] == "mem"

    def __call__(self, *_args: Any) -> Any:
        raise UsageError(f"{self.name}: a protocol is run by an executor, not called; give a Role the protocol itself")


def _a_protocol(where: str, run: object) -> None:
    if not isinstance(run, Protocol):
        name = getattr(run, "__name__", repr(run))
        raise UsageError(f"{where}: {name} is not a protocol; decorate it with @protocol")


_Function = TypeVar("_Function", bound=Callable[..., Any])


def protocol(function: _Function) -> _Function:
    """Mark a function as a protocol. Nothing is compiled yet; errors come when it is first used.

    To a type checker it stays the function, so that calls between protocols are checked; it is a `Protocol`.
    """
    return cast(_Function, Protocol(function))


@dataclass(frozen=True)
class Geometry:
    """The shape of tables: `entries` 64-bit entries a page (a power of two from 2 to 8192), `levels` of them."""

    entries: int = 512
    levels: int = 4
    frames: int = 64

    def __post_init__(self) -> None:
        if self.entries & (self.entries - 1) or not 2 <= self.entries <= 8192:
            raise UsageError(f"geometry: entries={self.entries} is not a power of two from 2 to 8192")
        if not 1 <= self.levels <= 6:
            raise UsageError(f"geometry: levels={self.levels} is not in 1..6")
        if not 2 <= self.frames <= 1 << 22:
            raise UsageError(f"geometry: frames={self.frames} is not in 2..4194304")


@dataclass(frozen=True)
class Role:
    """What one thread does.

    Args:
        name: as it heads a column of the picture.
        run: the protocol; called with `args`, once a round.
        args: constants.
        context: "process", "interrupt" (a qrwlock reader then ignores waiting writers) or "hardware".
        scale: whether `--threads` may add more threads of this role; each gets its index as an extra last argument.
    """

    name: str
    run: Any
    args: tuple[int, ...] = ()
    context: str = "process"
    scale: bool = False

    def __post_init__(self) -> None:
        _a_protocol(f"role {self.name!r}", self.run)
        _one_of(f"role {self.name!r}: context", self.context, CONTEXTS)
        if not (isinstance(self.args, tuple) and all(isinstance(value, int) for value in self.args)):
            raise UsageError(f"role {self.name!r}: args={self.args!r} is not a tuple of numbers; one number needs a "
                             f"comma: (1,)")


@dataclass(frozen=True)
class Variant:
    """A scenario with one design decision changed.

    Args:
        name: unique in the scenario.
        about: one sentence.
        item: the entry it shows ("S1-a"), "" for a fix or a benign program.
        kind: one of `VARIANT_KINDS`.
        expects: CLEAN or a violation kind's name.
        params: parameter name -> value.
        expects_by: exceptions from `expects`: (("lock", "pthread"), ...) -> expectation; the first entry whose
            conditions all hold counts, see `Scenario.expected`. Keys: those of `CONDITIONS`.
        needs, forbids: counters that must be non-zero, or zero, for a native run to count as evidence.
        pool: "reuse" (a freed page is the next one handed out) or "quarantine" (not again in this round).
        locks: the RW locks it makes sense on; empty means all.
        roles: replaces the scenario's roles.
    """

    name: str
    about: str = ""
    item: str = ""
    kind: str = "fix"
    expects: str = CLEAN
    params: Mapping[str, int] = field(default_factory=dict)
    expects_by: Sequence[tuple[tuple[tuple[str, str], ...], str]] = ()
    needs: tuple[str, ...] = ()
    forbids: tuple[str, ...] = ()
    pool: str = "reuse"
    locks: tuple[str, ...] = ()
    roles: tuple[Role, ...] = ()

    def __post_init__(self) -> None:
        me = f"variant {self.name!r}"
        _named("a variant", self.name, ":")
        _one_of(f"{me}: kind", self.kind, VARIANT_KINDS)
        _one_of(f"{me}: pool", self.pool, POOLS)
        for expectation in (self.expects, *(e for _, e in self.expects_by)):
            if expectation != CLEAN and expectation not in BY_NAME:
                close = "".join(f"; did you mean {name}?" for name in get_close_matches(expectation, BY_NAME, 1))
                raise UsageError(f"{me}: {expectation!r} is not a violation kind{close}")
        for what, names in (("needs", self.needs), ("forbids", self.forbids), ("locks", self.locks)):
            if not (isinstance(names, tuple) and all(isinstance(name, str) for name in names)):
                raise UsageError(f"{me}: {what}={names!r} is not a tuple of names; one needs a comma: (\"name\",)")
        if not (isinstance(self.params, Mapping) and all(isinstance(value, int) for value in self.params.values())):
            raise UsageError(f"{me}: params={self.params!r} is not a mapping from names to numbers")
        if not (isinstance(self.roles, tuple) and all(isinstance(role, Role) for role in self.roles)):
            raise UsageError(f"{me}: roles is not a tuple of Roles; one needs a comma: (Role(...),)")
        for key in (key for when, _ in self.expects_by for key, _ in when):
            if key not in CONDITIONS:  # it would never hold, without a word
                raise UsageError(f"variant {self.name!r}: expects_by names {key!r}, which is not one of "
                                 f"{', '.join(CONDITIONS)}")


@dataclass(frozen=True)
class Scenario:
    """Set-up, roles, a check at rest, and what is expected of each variant.

    Args:
        name: unique; lower case with dashes.
        about: one sentence.
        source: the mailing-list thread, commit or paper.
        roles: one thread each.
        variants: at least one; the first is the default.
        setup: protocol without arguments; runs once, alone; its result is snapshotted.
        at_rest: protocol without arguments; runs alone after every round and states what must hold.
        geometry: of native runs. `small`: of searches, and of native replays of what a search found.
        rounds: how often each role runs in one execution of a search.
    """

    name: str
    about: str
    roles: tuple[Role, ...]
    variants: tuple[Variant, ...]
    setup: Any = None
    at_rest: Any = None
    source: str = ""
    geometry: Geometry = Geometry()
    small: Geometry = Geometry(entries=4, levels=3, frames=16)
    rounds: int = 1

    def __post_init__(self) -> None:
        for what, values, kind in (("roles", self.roles, Role), ("variants", self.variants, Variant)):
            if not (isinstance(values, tuple) and values and all(isinstance(value, kind) for value in values)):
                raise UsageError(f"scenario {self.name!r}: {what} is not a tuple of {kind.__name__}s; one needs a "
                                 f"comma: ({kind.__name__}(...),)")
        _named("a scenario", self.name, ":/")
        _counted(f"scenario {self.name!r}, its rounds", self.rounds, ROUNDS_MAX)
        for where in ("setup", "at_rest"):
            if (run := getattr(self, where)) is not None:
                _a_protocol(f"scenario {self.name!r}, {where}", run)
        for where in ("geometry", "small"):
            if not isinstance(getattr(self, where), Geometry):
                raise UsageError(f"scenario {self.name!r}: {where} is not a Geometry(entries, levels, frames)")
        names = [variant.name for variant in self.variants]
        for twice in (name for name in names if names.count(name) > 1):
            raise UsageError(f"scenario {self.name!r}: two variants are called {twice!r}; give one another name")

    def variant(self, name: str = "") -> Variant:
        """The variant of that name, the first one without a name."""
        if not name:
            return self.variants[0]
        for variant in self.variants:
            if variant.name == name:
                return variant
        known = ", ".join(v.name for v in self.variants)
        raise UsageError(f"scenario {self.name!r} has no variant {name!r}; it has: {known}")

    def roles_of(self, variant: Variant) -> tuple[Role, ...]:
        """The roles that a variant runs: its own, or the scenario's."""
        return variant.roles or self.roles

    def expected(self, variant: Variant, *, executor: str, lock: str, model: str = "sc") -> str:
        """What a variant comes to in a mode: CLEAN, or a violation kind's name.

        Args:
            model: of a search. Threads run under the machine's own, which no condition names: there it counts not.
        """
        interrupts = any(role.context == "interrupt" for role in self.roles_of(variant))
        holds = {"executor": executor, "lock": lock, "context": "interrupt" if interrupts else "process"}
        if executor == "explore":
            holds["model"] = model
        for when, expectation in variant.expects_by:
            if all(holds.get(key) == value for key, value in when):
                return expectation
        return variant.expects
