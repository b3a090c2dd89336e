"""JUnit XML (xunit2) for CI systems: a test case a variant and mode.

    not as expected      failure
    fault                error
    inconclusive         failure, or skipped where it is a missed violation and --allow-missed was given
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from stress.report.text import figures, mode


def render(head: Mapping[str, Any], results: Sequence[Mapping[str, Any]], *, allow_missed: bool = False) -> str:
    """The whole document."""
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(suites, "testsuite", name="pttorture")
    properties = ElementTree.SubElement(suite, "properties")
    for name in ("version", "seed"):
        ElementTree.SubElement(properties, "property", name=name, value=str(head.get(name, "")))
    counts = {"failure": 0, "error": 0, "skipped": 0}
    for result in results:
        tag = _case(suite, result, allow_missed)
        if tag:
            counts[tag] += 1
    suite.set("tests", str(len(results)))
    suite.set("time", f"{sum(r.get('seconds', 0) for r in results):.3f}")
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        suite.set(name, str(counts[tag]))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, result: Mapping[str, Any], allow_missed: bool) -> str:
    case = ElementTree.SubElement(suite, "testcase", classname=result["scenario"],
                                  name=f"{result['variant']} [{mode(result)}]", time=f"{result.get('seconds', 0):.3f}")
    tag = _tag(result, allow_missed)
    if tag:
        first = result["violations"][0] if result["violations"] else {}
        said = result.get("why") or first.get("message", "")
        element = ElementTree.SubElement(case, tag, message=clean(f"{result['outcome']}: {said}"))
        places = [f"{v['kind']} at {v['where']}: {v['message']} ({v['count']} times)" for v in result["violations"]]
        pictures = [f"\n{v['picture']}" for v in result["violations"] if v.get("picture")]
        element.text = clean("\n".join([*places, *(fault["what"] for fault in result.get("faults", ())), *pictures]))
    ElementTree.SubElement(case, "system-out").text = figures(result)
    return tag


def _tag(result: Mapping[str, Any], allow_missed: bool) -> str:
    if result["verdict"] == "as-expected":
        return ""
    if result["outcome"] == "fault":
        return "error"
    return "skipped" if result["outcome"] == "missed" and allow_missed else "failure"


def clean(text: str) -> str:
    """Without the characters that XML 1.0 cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n")
