"""Show the scenarios, their variants and what is expected of each."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="machine-readable, on standard output")


def run(args: argparse.Namespace) -> int:
    from scenarios import all_scenarios, other_scenarios

    scenarios = (*all_scenarios(), *other_scenarios())
    if args.json:
        sys.stdout.write(json.dumps({"scenarios": [_scenario(s) for s in scenarios]}, indent=1) + "\n")
        return 0
    for scenario in scenarios:
        sys.stdout.write(textwrap.fill(f"{scenario.name}: {scenario.about}", 80, subsequent_indent="  ") + "\n")
        for variant in scenario.variants:
            item = f"{variant.item} " if variant.item else ""
            row = f"    {variant.name:<24} {item + variant.kind:<18} {_expectation(variant)}"
            sys.stdout.write(textwrap.fill(row, 80, subsequent_indent=" " * 50, break_on_hyphens=False) + "\n")
    return 0


def _expectation(variant: Any) -> str:
    """What is expected, and in brackets where something else is."""
    elsewhere: dict[str, list[str]] = {}
    for conditions, kind in variant.expects_by:
        elsewhere.setdefault(kind, []).append("+".join(value for _, value in conditions))
    return str(variant.expects) + "".join(f" ({', '.join(where)}: {kind})" for kind, where in elsewhere.items())


def _scenario(scenario: Any) -> dict[str, Any]:
    return {"name": scenario.name, "about": scenario.about, "source": scenario.source,
            "roles": [role.name for role in scenario.roles],
            "variants": [_variant(variant) for variant in scenario.variants]}


def _variant(variant: Any) -> dict[str, Any]:
    exceptions = [{"when": dict(conditions), "expects": kind} for conditions, kind in variant.expects_by]
    return {"name": variant.name, "about": variant.about, "race": variant.item or None, "kind": variant.kind,
            "expected": variant.expects, "exceptions": exceptions, "params": dict(variant.params),
            "locks": list(variant.locks), "pool": variant.pool, "needs": list(variant.needs),
            "forbids": list(variant.forbids)}
