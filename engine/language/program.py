"""A program: one variant of a scenario with everything decided that is decided before the first step.

`build` compiles the protocols once per scenario and folds per variant. Executors take a `Program` and nothing else.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from engine.declare import Geometry, Protocol, Role, Scenario, Variant
from engine.errors import ProtocolError, UsageError
from engine.language import ir
from engine.language.fold import fold
from engine.language.front import compile_module
from engine.language.source import Source
from engine.memory.layout import Layout, lay_out
from engine.memory.members import check_sites

#: `mem.choose` among this many values or more is a choice among one.
CHOICES_END: Final = 1 << 31


@dataclass(frozen=True)
class Site:
    """One place in the source that executes a primitive. `index` is what recorders store."""

    index: int
    primitive: str
    function: str
    file: str
    line: int
    kind: str = ""
    text: str = ""
    member: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Thread:
    """One thread of the program: a role with its arguments. `function` is a key of `Program.functions`."""

    name: str
    function: str
    args: tuple[int, ...]
    context: str


@dataclass(frozen=True)
class Program:
    """What an executor runs.

    Attributes:
        functions: name -> IR; addresses are constants; parameters too where `folded`.
        threads: one each; `rounds` times in one execution of a search.
        setup, at_rest: keys of `functions`, or None.
        sites: every primitive site, by index. counters: names, by index. params: name -> value, built-in ones included.
        param_index: where `not folded`: name -> index of its word in the arena's PARAMS.
    """

    scenario: Scenario
    variant: Variant
    geometry: Geometry
    layout: Layout
    functions: Mapping[str, ir.Function]
    threads: tuple[Thread, ...]
    setup: str | None
    at_rest: str | None
    sites: tuple[Site, ...]
    counters: tuple[str, ...]
    operations: frozenset[str]
    params: Mapping[str, int]
    param_index: Mapping[str, int]
    lock_kinds: Mapping[int, str]  # address -> "rw" | "spin"
    rounds: int = 1
    folded: bool = True
    word_counts: Mapping[str, int] = field(default_factory=dict)  # declared word -> how many; padding follows
    open_params: frozenset[str] = frozenset()  # not constants: read from the arena
    caches: Mapping[str, Callable[[int], str]] = field(default_factory=dict)  # for reports: see declare.Word

    @property
    def name(self) -> str:
        return f"{self.scenario.name}:{self.variant.name}"

    @cached_property
    def ask_running(self) -> frozenset[str]:
        """The functions that ask `mem.running`, or call one that does."""
        asking, calling = set(), {}
        for name, function in self.functions.items():
            statements = [*ir.walk(function.body)]
            calling[name] = {each.function for each in statements if isinstance(each, ir.Call)}
            if any(isinstance(each, ir.Prim) and each.name == "running" for each in statements):
                asking.add(name)
        while more := {name for name, called in calling.items() if called & asking} - asking:
            asking |= more
        return frozenset(asking)


@dataclass(frozen=True)
class _Compiled:
    """The protocols of one scenario, compiled once for all its variants, so that site numbers are the same in all."""

    scenario: Scenario  # keeps the id below from being reused
    module: ir.Module
    names: Mapping[int, str]  # id(protocol) -> function name
    sites: tuple[Site, ...]


_compiled: dict[int, _Compiled] = {}


def _roots(scenario: Scenario) -> list[Protocol]:
    roles: list[Role] = [*scenario.roles]
    for variant in scenario.variants:
        roles += variant.roles
    roots = [scenario.setup, scenario.at_rest, *(role.run for role in roles)]
    return [root for root in roots if root is not None]


def function_of(scenario: Scenario, role: Role) -> str:
    """The key of a role's protocol in the `functions` of every program of its scenario."""
    return _compile(scenario).names[id(role.run)]


def _compile(scenario: Scenario) -> _Compiled:
    if id(scenario) not in _compiled:
        module, names = compile_module(_roots(scenario))
        functions, sites = _number_sites(module.functions)
        check_sites(sites, scenario.name)
        _compiled[id(scenario)] = _Compiled(scenario, replace(module, functions=functions), names, sites)
    return _compiled[id(scenario)]


def build(scenario: Scenario, variant: str = "", *, geometry: Geometry | None = None, threads: int = 0,
          rounds: int = 0, params: Mapping[str, int] | None = None, folded: bool = True, ring: int = 256) -> Program:
    """Compile and decide everything.

    Args:
        variant: its name, "" for the first. geometry: the scenario's small one if None.
        threads: number of threads; scaling roles are repeated up to it; 0 for one of each role.
        rounds: how often each role runs; 0 for the scenario's own number.
        params: overrides of the variant's parameters. folded: whether parameters become constants.

    Raises:
        ProtocolError: a protocol is outside the language. UsageError: unknown variant or parameter, bad number.
    """
    chosen = scenario.variant(variant)
    geometry = geometry or scenario.small
    compiled = _compile(scenario)
    module, names = compiled.module, compiled.names
    roles = _threads(scenario, chosen, names, threads)
    layout = lay_out(geometry, module.words, module.locks, len(module.params), len(roles), ring)
    values = _param_values(scenario, module, chosen, params or {}, layout)
    _check_counters(scenario, module, chosen)
    addresses = {**layout.words, **layout.locks}
    settled = values if folded else _settled(scenario, module, values, params or {})
    functions = fold(module, addresses, settled)
    _check_choices(functions)
    lock_kinds = {
        layout.locks[name] + i * 128: kind for name, (kind, count) in module.locks.items() for i in range(count)
    }
    return Program(
        scenario, chosen, geometry, layout, functions, roles,
        names[id(scenario.setup)] if scenario.setup else None,
        names[id(scenario.at_rest)] if scenario.at_rest else None,
        compiled.sites, tuple(module.counters), frozenset(n for n, op in module.counters.items() if op), values,
        {name: i for i, name in enumerate(module.params)}, lock_kinds, rounds or scenario.rounds, folded,
        dict(module.words), frozenset(values) - frozenset(settled), dict(module.caches),
    )


def _threads(scenario: Scenario, variant: Variant, names: Mapping[int, str], wanted: int) -> tuple[Thread, ...]:
    roles = list(scenario.roles_of(variant))
    scaling = [role for role in roles if role.scale]
    total = max(wanted, len(roles))
    if wanted and wanted < len(roles):
        raise UsageError(f"{scenario.name}: {wanted} threads are too few for its {len(roles)} roles")
    if total > len(roles) and not scaling:
        raise UsageError(f"{scenario.name}: has {len(roles)} roles and none that can be repeated; --threads {wanted}")
    extra = [scaling[i % len(scaling)] for i in range(total - len(roles))] if scaling else []
    seen: dict[str, int] = {}
    threads = []
    for role in [*roles, *extra]:
        index = seen[role.name] = seen.get(role.name, -1) + 1
        args = (*role.args, index) if role.scale else role.args
        _check_args(role, args)
        name = role.name if index == 0 else f"{role.name}{index + 1}"
        threads.append(Thread(name, names[id(role.run)], args, role.context))
    return tuple(threads)


def _check_counters(scenario: Scenario, module: ir.Module, variant: Variant) -> None:
    for name in (*variant.needs, *variant.forbids):
        if name not in module.counters:
            known = ", ".join(sorted(module.counters)) or "nothing"
            raise UsageError(f"{scenario.name}, variant {variant.name}: no protocol counts {name!r}; they count: "
                             f"{known}")


def _check_choices(functions: Mapping[str, ir.Function]) -> None:
    """Raises ProtocolError where a choice is among no values, or more than an executor draws from: it would be 0 alone,
    and a search that calls itself complete would have seen none of the others."""
    for function in functions.values():
        for stmt in ir.walk(function.body):
            count = stmt.args[0] if isinstance(stmt, ir.Prim) and stmt.name == "choose" else None
            if isinstance(count, ir.Const) and not 0 < count.value < CHOICES_END:
                raise ProtocolError(f"mem.choose among {count.value}: the number of values is from 1 to "
                                    f"{CHOICES_END - 1}", function.file, stmt.place.line, stmt.place.column,
                                    linecache.getline(function.file, stmt.place.line).rstrip("\n"))


def _check_args(role: Role, args: tuple[int, ...]) -> None:
    """Raises ProtocolError, at the protocol, if it does not take what its role passes."""
    source = Source.of(role.run)
    takes = [arg.arg for arg in source.tree.args.args][int(role.run.takes_mem):]
    if len(args) != len(takes):
        wanted = f"takes ({', '.join(takes)}) besides mem" if takes else "takes nothing but mem"
        more = ", the index of a role that scales included" if role.scale else ""
        raise source.error(f"{role.run.name} {wanted}; role {role.name!r} passes {len(args)} values{more}")


def _settled(scenario: Scenario, module: ir.Module, values: Mapping[str, int],
             overrides: Mapping[str, int]) -> dict[str, int]:
    """The parameters that one compilation for all variants may take as constants: those that no variant changes."""
    changed = {
        name for name, default in module.params.items()
        if len({variant.params.get(name, default) & (1 << 64) - 1 for variant in scenario.variants}) > 1
    }
    return {name: value for name, value in values.items() if name not in changed and name not in overrides}


def _param_values(scenario: Scenario, module: ir.Module, variant: Variant, overrides: Mapping[str, int],
                  layout: Layout) -> dict[str, int]:
    values = {**module.params, **{k: v for k, v in layout.builtins().items() if k in module.params}}
    for source, given in (("variant " + variant.name, variant.params), ("parameters", overrides)):
        for name, value in given.items():
            if name not in module.params:
                known = ", ".join(sorted(module.params)) or "none"
                raise UsageError(f"{scenario.name}, {source}: no protocol uses a parameter {name!r}; they use: {known}")
            values[name] = value & ((1 << 64) - 1)
    return values


def _number_sites(functions: Mapping[str, ir.Function]) -> tuple[dict[str, ir.Function], tuple[Site, ...]]:
    """Give every primitive its site number, in function order and source order."""
    sites: list[Site] = []

    def number(body: tuple[ir.Stmt, ...], function: ir.Function) -> tuple[ir.Stmt, ...]:
        out: list[ir.Stmt] = []
        for stmt in body:
            if isinstance(stmt, ir.Prim):
                stmt = replace(stmt, site=len(sites))
                sites.append(Site(len(sites), stmt.name, function.name, function.file, stmt.place.line, stmt.kind,
                                  stmt.text, stmt.member))
            elif isinstance(stmt, ir.If):
                stmt = replace(stmt, then=number(stmt.then, function), other=number(stmt.other, function))
            elif isinstance(stmt, ir.While):
                stmt = replace(stmt, before=number(stmt.before, function), body=number(stmt.body, function),
                               after=number(stmt.after, function))
            out.append(stmt)
        return tuple(out)

    done = {name: replace(f, body=number(f.body, f)) for name, f in functions.items()}
    return done, tuple(sites)
