"""The command line: `pttorture COMMAND ...`.

Nothing heavy (numba, numpy, the scenarios) is imported before the arguments are known to be right, so that `--help` and
a typing mistake are answered at once. Every error is one line on standard error and a documented exit code.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Final, NoReturn

from engine import __version__
from engine.errors import DivergedError, ProtocolError, PttortureError, UsageError
from stress import cache, installation, interrupts, options
from stress.report import places

COMMANDS: Final = ("list", "run", "explore", "matrix", "replay", "repro", "trace", "campaign", "merge", "report")

EXIT_CODES: Final = """\
exit codes:
  0    all as expected
  1    not as expected: a violation where none, or another, was expected
  2    wrong use: an option, a name, a file, a protocol outside the language
  3    a worker or the machine failed
  4    inconclusive: nothing wrong was seen, but the run proves too little;
       an expected violation that was missed counts too (see --allow-missed)
  130  interrupted (Ctrl-C or SIGTERM); everything found so far is written
"""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see {self.prog} --help)")


def build() -> argparse.ArgumentParser:
    """The whole parser; a command is a module whose docstring is its help."""
    width = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="pttorture", allow_abbrev=False, formatter_class=width, epilog=EXIT_CODES,
        description="Page-table torture: stress, explore and replay protocols that decide when a\n"
                    "page-table page may be freed. `pttorture run` alone runs the main job.",
    )
    parser.add_argument("--version", action="version", version=f"pttorture {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name in COMMANDS:
        module = importlib.import_module(f"stress.commands.{name}")
        text = (module.__doc__ or "").strip()
        sub = commands.add_parser(name, help=text.split("\n", 1)[0].rstrip("."), description=text, epilog=EXIT_CODES,
                                  formatter_class=width, allow_abbrev=False)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run, parser=sub)
    return parser


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments, or a UsageError of one line."""
    parser = build()
    if argv and not argv[0].startswith("-") and argv[0] not in COMMANDS:
        raise UsageError(f"unknown command {argv[0]!r}{options.close(argv[0], COMMANDS)}")
    args, unknown = parser.parse_known_args(argv)
    if args.command is None and unknown:
        raise UsageError(f"unknown argument {unknown[0]!r}{options.close(unknown[0], ('--help', '--version'))}")
    if args.command is None:
        raise UsageError(f"no command; there is: {', '.join(COMMANDS)} (see pttorture --help)")
    if unknown:
        known = [text for action in args.parser._actions for text in action.option_strings]
        raise UsageError(f"pttorture {args.command}: unknown argument {unknown[0]!r}"
                         + (options.close(unknown[0], known) if unknown[0].startswith("-") else ""))
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code. Without `argv` it is the program: it ends with this call."""
    return answered(lambda: _command(sys.argv[1:] if argv is None else argv), last=argv is None)


def answered(run: Callable[[], int], *, last: bool = False) -> int:
    """Run something as a command is run: every error is one line and an exit code, Ctrl-C is 130.

    `last`: the process ends with this call.
    """
    _open_streams()
    try:
        interrupts.install()
        code = _guarded(run)
        interrupts.finish()
    except interrupts.Interrupted:
        interrupts.finish()
        code = interrupts.EXIT_INTERRUPTED
    finally:
        if not last:
            interrupts.restore()
    return code


def _command(argv: Sequence[str]) -> int:
    args = parse(argv)
    with cache.writable() if args.command != "list" else nullcontext():
        code: int = args.run(args)
    return code


def _open_streams() -> None:
    """A stream that the caller closed is None in Python: what goes there is thrown away."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (for as long as the program runs)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115


def _guarded(run: Callable[[], int]) -> int:
    try:
        installation.check()
        code = run()
        sys.stdout.flush()
        return code
    except (DivergedError, ProtocolError) as error:
        return _complain(places.short(str(error)), error.exit_code)
    except PttortureError as error:
        return _complain(str(error), error.exit_code)
    except BrokenPipeError:
        # The reader of our output has left. Nothing may be written any more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 3
    except OSError as error:
        return _complain(f"{error.filename or 'standard output, or the system'}: {error.strerror or error}", 3)
    except interrupts.Interrupted:
        raise
    except (Exception, KeyboardInterrupt) as error:
        if os.environ.get("PTTORTURE_TRACEBACK"):
            traceback.print_exc()
        where = traceback.extract_tb(error.__traceback__)[-1]
        return _complain(f"internal error: {type(error).__name__}: {error} (at {os.path.basename(where.filename)}:"
                         f"{where.lineno}; PTTORTURE_TRACEBACK=1 shows more); this is a bug of pttorture", 3)


def _complain(message: str, code: int) -> int:
    try:
        sys.stderr.write(f"pttorture: {message}\n")
        sys.stderr.flush()
    except OSError:
        pass
    return code
