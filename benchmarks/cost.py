"""What executions and states cost: `python -m benchmarks.cost [--seconds S] [--svg FILE | --pages | --memory MINUTES]`.

Plain: executions and steps a second of each strategy against threads (2 to 8, five increments each) and against the
steps of an execution (10 to 500, two threads); `--svg` draws them. `--pages`: the same of page tables: S4-a and its
fixes. `--memory`: the resident size while `random` runs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.explore import STRATEGIES, Bound, Result, explore
from engine.explore.progress import Look
from engine.language.program import Program, build
from scenarios.s4_lock import PARENT_FREED
from tests.protocols import words

NAMES = tuple(name for name in ("random", "dfs", "dpor", "states") if name in STRATEGIES)
THREADS = (2, 3, 4, 5, 6, 7, 8)
STEPS = (10, 20, 50, 100, 200, 500)
PAGE = 4096


@dataclass(frozen=True)
class Point:
    strategy: str
    x: int
    executions: float  # a second
    steps: float  # a second
    states: float  # a second, 0 if not counted


def increments(threads: int, each: int) -> Program:
    return build(words.scenario(*[words.increment] * threads), params={"increments": each})


def measure(program: Program, strategy: str, seconds: float) -> Result:
    """One search of so many seconds; a search that ends sooner is repeated, so that the best of it counts."""
    best = explore(program, strategy=strategy, bound=Bound(seconds=seconds))
    until = time.perf_counter() + seconds - best.seconds
    while time.perf_counter() < until:
        again = explore(program, strategy=strategy, bound=Bound(seconds=seconds))
        if again.steps / again.seconds > best.steps / best.seconds:
            best = again
    return best


def points(programs: Mapping[int, Program], seconds: float) -> Iterator[Point]:
    for x, program in programs.items():
        for name in NAMES:
            r = measure(program, name, seconds)
            yield Point(name, x, r.executions / r.seconds, r.steps / r.seconds, (r.states or 0) / r.seconds)


def table(title: str, found: Sequence[Point]) -> None:
    print(f"\n{title:>8}  strategy    executions/s        steps/s       states/s")
    for p in found:
        states = f"{p.states:14,.0f}" if p.states else ""
        print(f"{p.x:8}  {p.strategy:8} {p.executions:15,.0f} {p.steps:14,.0f} {states}")


def pages(seconds: float) -> None:
    """S4-a, where every execution is looked for, and its fixes."""
    print(f"{'parent-freed':18} {'strategy':8} {'executions':>12} {'steps':>12} {'states':>8} {'bytes':>6} {'s':>7}")
    for variant in ("rfc-v2", "pin", "restart", "prune"):
        for name in NAMES[1:]:
            r = explore(PARENT_FREED, variant, strategy=name, bound=Bound(seconds=seconds), stop_at_first=False)
            size = f"{r.bytes / r.states:6.0f}" if r.states else " " * 6
            print(f"{variant:18} {name:8} {r.executions:12,} {r.steps:12,} {r.states or 0:8,} {size} {r.seconds:7.2f} "
                  f"{'complete' if r.complete else 'not complete'}{f', {r.found:,} break' if r.found else ''}")


def memory(minutes: float) -> None:
    """Resident size in MB, every ten seconds."""
    sizes: list[float] = []
    begin = last = time.perf_counter()

    def sample(_look: Look) -> None:
        nonlocal last
        if time.perf_counter() - last >= 10:
            last = time.perf_counter()
            sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20)

    result = explore(increments(2, 5), strategy="random", bound=Bound(seconds=60 * minutes), progress=sample)
    print(f"{(time.perf_counter() - begin) / 60:.1f} minutes, {result.executions:,} executions, {len(sizes)} samples: "
          f"first {sizes[0]:.1f} MB, last {sizes[-1]:.1f} MB, least {min(sizes):.1f}, most {max(sizes):.1f}")


# --- the plot ---

WIDTH, HEIGHT, LEFT, TOP = 340, 200, 62, 44
STYLE = """<style>
text { font: 11px sans-serif; fill: #444 } .grid { stroke: #8884 } .random { --c: #d9730d } .dfs { --c: #2f7fd8 }
.dpor { --c: #2da44e } .states { --c: #a55fd0 } polyline { fill: none; stroke: var(--c); stroke-width: 2 }
circle, .name { fill: var(--c) } @media (prefers-color-scheme: dark) { text { fill: #bbb } }
</style>"""


def panel(found: Sequence[Point], what: str, title: str, across: str, at: tuple[int, int]) -> list[str]:
    """One diagram, logarithmic upwards; the horizontal axis has one place for each value."""
    xs = sorted({p.x for p in found})
    values = [v for p in found if (v := getattr(p, what)) >= 1]
    low, high = len(str(int(min(values)))) - 1, len(str(int(max(values))))

    def px(x: int) -> float:
        return LEFT + xs.index(x) * (WIDTH - LEFT - 12) / (len(xs) - 1)

    def py(value: float) -> float:
        from math import log10

        return HEIGHT - 30 - (log10(max(value, 1)) - low) * (HEIGHT - 30 - TOP) / (high - low)

    out = [f'<g transform="translate({at[0]} {at[1]})"><text x="{LEFT}" y="18">{title}</text>']
    for power in range(low, high + 1):
        y = py(10**power)
        out.append(f'<path class="grid" d="M{LEFT} {y:.0f}H{WIDTH - 12}"/>'
                   f'<text x="{LEFT - 6}" y="{y + 4:.0f}" text-anchor="end">{10**power:,}</text>')
    out += [f'<text x="{px(x):.0f}" y="{HEIGHT - 12}" text-anchor="middle">{x}</text>' for x in xs]
    out.append(f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT + 2}" text-anchor="middle">{across}</text>')
    for k, name in enumerate(NAMES):
        mine = [(px(p.x), py(getattr(p, what))) for p in found if p.strategy == name and getattr(p, what) >= 1]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in mine)
        dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="2.5"/>' for x, y in mine)
        out.append(f'<g class="{name}"><polyline points="{line}"/>{dots}'
                   f'<text class="name" style="fill: var(--c)" x="{LEFT + 62 * k}" y="34">{name}</text></g>')
    return [*out, "</g>"]


def svg(by_threads: Sequence[Point], by_steps: Sequence[Point]) -> str:
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 0 {2 * WIDTH + 8} {2 * HEIGHT + 24}">', STYLE]
    for row, what in enumerate(("executions", "steps")):
        for column, (found, across) in enumerate(((by_threads, "threads"), (by_steps, "steps of an execution"))):
            parts += panel(found, what, f"{what} a second", across, (column * WIDTH, row * (HEIGHT + 10)))
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each search")
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--memory", type=float, metavar="MINUTES")
    args = parser.parse_args()
    if args.pages:
        pages(args.seconds)
        return
    if args.memory:
        memory(args.memory)
        return
    for name in NAMES:
        measure(increments(2, 1), name, 0.01)  # compiles
    by_threads = list(points({n: increments(n, 5) for n in THREADS}, args.seconds))
    table("threads", by_threads)
    by_steps = list(points({4 * (n // 4): increments(2, n // 4) for n in STEPS}, args.seconds))
    table("steps", by_steps)
    if args.svg:
        args.svg.write_text(svg(by_threads, by_steps), encoding="utf-8")


if __name__ == "__main__":
    main()
