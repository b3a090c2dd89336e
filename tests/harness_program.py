"""Run as a program: the harness over fake sessions, for tests that kill or interrupt it.

    python harness_program.py STATE_FOLDER JSON SECONDS HOW...

Prints the run folder and, for each HOW as it begins, its name.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from stress import cli, running
from stress.job import Job

HERE = Path(__file__).parent


def jobs() -> list[Job]:
    fake, counter = str(HERE / "fake_session.py"), str(HERE / "protocols" / "counter.py")
    return [Job("counter", "plain", fake, "qrwlock", counter, seconds=float(sys.argv[3]), perturb=how)
            for how in sys.argv[4:]]


def body(run: running.Run) -> None:
    with running.runner(run) as made:
        print("folder", made.folder, flush=True)
        for job in jobs():
            print("job", job.perturb, flush=True)
            run.show(made.run(job))


def guarded(_argv: object) -> int:
    args = argparse.Namespace(json=sys.argv[2], junit_xml=None, quiet=False, allow_missed=False)
    return running.finish(running.start(args, "run", 1), body)


if __name__ == "__main__":
    os.environ["XDG_STATE_HOME"] = sys.argv[1]
    cli._guarded = guarded
    sys.exit(cli.main())
