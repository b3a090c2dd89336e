"""`pttorture run --explain`: each violation that the threads met is handed to the search for the same one.

What is found is attached to the violation, drawn, and kept beside the journal as a schedule file.
"""

from __future__ import annotations

from typing import Any

from engine.errors import PttortureError
from engine.violations import BY_NAME
from stress.interrupts import Interrupted, deferred
from stress.job import TRACE, Job
from stress.report.places import short
from stress.report.text import wrap
from stress.running import Run
from stress.searching import waiting
from stress.why import Answer, attached, hunted


def explain(run: Run) -> None:
    """Explain the violations of all jobs that ended, each one once. What is there is in the journal at any moment.

    Raises:
        Interrupted: after what was found has been written.
    """
    known: dict[tuple[str, ...], dict[str, Any]] = {}
    for number, job, result in run.done:
        drawn = False
        for index, violation in _in_order(job, result):
            key = (job.source, job.title, job.lock, violation["kind"], violation["where"])
            found = None if key in known else _searched_for(run, job, violation, result["threads"])
            with deferred():
                if found is not None:
                    path = run.journal.path.with_name(f"explained-{len(known)}.json")
                    known[key] = attached(found, job.source, path)
                    _tell(run, job, violation, known[key], draws=not drawn)
                    drawn = True
                run.journal.explained(number, index, known[key])
            if isinstance(found, Answer) and found.hunt.interrupted:
                raise Interrupted


def _in_order(job: Job, result: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The violations that a search can look for; the expected kind first, it is the one that is drawn."""
    able = [(index, violation) for index, violation in enumerate(result["violations"])
            if not job.source.startswith(TRACE) and violation["kind"] in BY_NAME]
    return sorted(able, key=lambda each: each[1]["kind"] != result["expected"])


def _searched_for(run: Run, job: Job, violation: dict[str, Any], threads: int) -> Answer | PttortureError:
    """What the search for a violation came to, or why there was none."""
    try:
        with waiting(run.console, f"explaining {job.title}"):
            return hunted(job, threads, violation)
    except PttortureError as error:
        return error


def _tell(run: Run, job: Job, violation: dict[str, Any], explanation: dict[str, Any], *, draws: bool) -> None:
    """What a person sees: the picture of the first violation of a job, a line for every other."""
    head = f"{job.title} {violation['kind']} at {violation['where']}: {explanation['explained']}"
    run.console.say("\n" + "\n".join(wrap(short(head), indent=0)))
    if draws and explanation.get("picture"):
        run.console.say("\n" + explanation["picture"].rstrip("\n"))
    elif explanation.get("replay"):
        run.console.say(f"Replay: {explanation['replay']}")
