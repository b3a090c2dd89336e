"""Replay captures of a real kernel's IOMMU map and unmap events.

A FILE is raw ftrace text, plain or .gz, or the name of a capture that comes
with pttorture. The streams of its CPUs run on threads, walkers and
speculative getters beside them; at the end every mapping, the size that each
unmap returned and the number of tables are compared with a sequential model.
"""

from __future__ import annotations

import argparse

from stress import options

#: Formats whose pages are those of a trace, 4 KiB.
FORMATS = ("vtd", "amdv1", "x86", "arm-4k-s1", "arm-4k-s2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="captures")
    add("--format", type=options.one_of("format", FORMATS), default="vtd", metavar="F",
        help="vtd (default), amdv1, x86, arm-4k-s1 or arm-4k-s2")
    add("--policy", type=options.one_of("policy", ("whole", "split")), default="split", metavar="P",
        help="unmapping a part of a large leaf: whole or split (default)")
    add("--threads", type=options.integer(1, options.MAX_THREADS), default=2, metavar="T", help="threads (default 2)")
    add("--seconds", type=options.seconds, metavar="S", help="replay again and again for so long (default: once)")
    add("--json", metavar="FILE", help="write the results; - for standard output")


def run(args: argparse.Namespace) -> int:
    from stress.tracing import trace

    return trace(args)
