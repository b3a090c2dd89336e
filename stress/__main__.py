"""`python -m stress` is the same program as `pttorture`, which starts here too."""

from __future__ import annotations

import sys


def main() -> int:
    """The program. A Ctrl-C while it is still being imported ends it like any later one."""
    try:
        from stress.cli import main as run
    except KeyboardInterrupt:
        return 130
    return run()


if __name__ == "__main__":
    sys.exit(main())
