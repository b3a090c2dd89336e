"""Search all interleavings of a variant, within a bound that the verdict states.

A NAME is SCENARIO:VARIANT, a scenario (its first variant), a race such as
S1-a, or a FILE.py of yours. Without --strategy the smallest violating
interleaving is looked for: no preemption, then one, then two, and so on.
"""

from __future__ import annotations

import argparse

from stress import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", help="what to explore")
    add("--strategy", metavar="S",
        help="dfs, dpor or states (complete within a bound), or a sampler: random, pct, pos, surw")
    add("--model", type=options.one_of("memory model", ("sc", "tso", "pso")), default="sc", metavar="M",
        help="memory model: sc (default), tso, pso")
    add("--lock", type=options.one_of("lock", options.ALL_LOCKS), metavar="NAME", help="queueing rule of the RW locks")
    add("--rounds", type=options.integer(1, 1000), metavar="N", help="how often each role runs in one execution")
    add("--threads", type=options.integer(1, options.MAX_THREADS), metavar="N", help="threads, with roles that repeat")
    add("--preemptions", type=options.integer(0, 1000), metavar="N", help="at most N preemptions in an execution")
    add("--executions", type=options.integer(1, 10**15), metavar="N", help="at most N executions")
    add("--seconds", type=options.seconds, metavar="S", help="at most S seconds")
    add("--seed", type=options.integer(0, 2**63 - 1), metavar="N", help="of a sampler")
    add("--depth", type=options.integer(1, 64), metavar="D", help="pct: the depth of the bugs it looks for (3)")
    add("--memory", type=options.integer(1, 1 << 20), metavar="MB",
        help="states, dpor: give up when they keep more (4096)")
    add("--compact", action="store_const", const=True, help="states: store only a hash of each; then never complete")
    add("--save", metavar="FILE", help="write the schedule of the violation")
    add("--html", metavar="FILE", help="write a page in which one steps through the violation; - for standard output")
    add("--all", action="store_true", help="do not stop at the first violation")
    add("--json", metavar="FILE", help="write the result; - for standard output")


def run(args: argparse.Namespace) -> int:
    from stress.exploring import explore

    return explore(args)
