"""The lines of a raw ftrace text file, as the kernel's `trace` file or `trace-cmd report` prints them.

        TASK-PID  [CPU]  FLAGS  SECONDS.FRACTION: EVENT: FIELDS

`FLAGS` and a `(TGID)` column may be there or not. Only iommu:map, iommu:unmap and the probe lines mapb, mape,
unmapb and unmape are read; the fields of every other event are skipped.
"""

from __future__ import annotations

import gzip
import re
import zlib
from enum import IntEnum
from pathlib import Path

from stress.trace.notes import Notes

_HEAD = (
    rb"\s*(\S.*?-\d+)\s+(?:\([\s\d-]*\)\s+)?\[(\d{1,6})\]\s+"  # task-pid, (tgid), [cpu]
    rb"(?:[^\s:]+\s+)?(\d{1,9}\.\d{1,9}|\d{1,18}):\s+(\w+):\s*"  # flags, stamp, event
)
_RANGE = (
    rb"IOMMU: iova=0x([0-9a-f]{1,16})(?: - 0x([0-9a-f]{1,16}))? "  # older kernels print no end
    rb"(?:paddr=0x([0-9a-f]{1,16}) size=(\d{1,20})|size=(\d{1,20}) unmapped_size=(\d{1,20}))\s*$"
)
_PROBE = rb"\([^)]*\) (?:dom=0x([0-9a-f]{1,16}) iova=0x([0-9a-f]{1,16}) |ret=(-?\w+))"
_LINE = re.compile(_HEAD + rb"(?:" + _RANGE + rb"|" + _PROBE + rb")?")
_LOST = re.compile(rb"\bLOST (\d+ )?EVENTS\b|EVENTS DROPPED")
_WRITTEN = re.compile(rb"# entries-in-buffer/entries-written: (\d+)/(\d+)")
_TRACE_DAT = b"\x17\x08\x44tracing"


class Group(IntEnum):
    """Index of a field in the groups of a matched line; all are the digits in the file, or None."""

    TASK = 0
    CPU = 1
    STAMP = 2
    EVENT = 3
    IOVA = 4
    END = 5
    PADDR = 6
    MAP_SIZE = 7
    UNMAP_SIZE = 8
    REMOVED = 9
    DOM = 10
    CALL_IOVA = 11
    RET = 12


# (stamp in units of the file's last printed digit, line from 1, groups). A plain tuple, for a large file has a million.
Record = tuple[int, int, tuple[bytes, ...]]

# the group that an event must have
_NEEDS = {
    b"map": int(Group.MAP_SIZE),
    b"unmap": int(Group.REMOVED),
    b"mapb": int(Group.CALL_IOVA),
    b"unmapb": int(Group.CALL_IOVA),
    b"mape": int(Group.RET),
    b"unmape": int(Group.RET),
}


def read_bytes(path: Path, notes: Notes) -> bytes:
    """The text of `path`, unpacked if it is gzip (told by its content, not its name)."""
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except FileNotFoundError:
        raise notes.fatal("no such file") from None
    except EOFError:
        raise notes.fatal("the gzip file is cut short; copy it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise notes.fatal(f"the gzip file is damaged ({error}); copy it again") from None
    except OSError as error:
        raise notes.fatal(f"cannot be read: {error.strerror or error}") from None
    if not data.strip():
        raise notes.fatal("is empty; was tracing on, and were the events in events/iommu enabled?")
    if data.startswith(_TRACE_DAT):
        raise notes.fatal("is trace-cmd's binary format; pass the output of `trace-cmd report`")
    if b"\0" in data[:4096]:
        raise notes.fatal("is not text; an ftrace text file (the kernel's `trace` file) is needed")
    return data


def read_records(path: Path, notes: Notes) -> tuple[list[Record], int]:
    """All records of a file in file order, and the nanoseconds that one unit of `stamp` is."""
    records: list[Record] = []
    parsed = False
    stamp = b""
    for number, line in enumerate(read_bytes(path, notes).split(b"\n"), 1):
        found = _LINE.match(line)
        if found is None:
            _other_line(line, number, notes)
            continue
        parsed = True
        groups = found.groups()
        event = groups[3]
        need = _NEEDS.get(event)
        if need is None:
            notes.count(f"event {event.decode()!r} skipped", number)
        elif groups[need] is None:
            _damaged_line(event, number, notes)
        else:
            stamp = groups[2]
            records.append((int(stamp.replace(b".", b"")), number, groups))
    if not parsed:
        raise notes.fatal("is not an ftrace trace: no line has the form `TASK-PID [CPU] FLAGS TIME: EVENT: ...`")
    return records, 10 ** (9 - len(stamp.partition(b".")[2])) if b"." in stamp else 1


def _other_line(line: bytes, number: int, notes: Notes) -> None:
    if _LOST.search(line):
        notes.damage("the ring buffer lost events here", number, ", the history has a hole")
    elif b"map: IOMMU:" in line:
        _damaged_line(b"map", number, notes)
    elif line.startswith(b"#"):
        written = _WRITTEN.match(line)
        if written and int(written[1]) < int(written[2]):
            notes.count("the oldest events were overwritten in the ring buffer, the history starts later", number)
    elif line.strip():
        notes.count("line is not an ftrace line, skipped", number)


def _damaged_line(event: bytes, number: int, notes: Notes) -> None:
    if event in (b"map", b"unmap"):
        notes.damage("damaged iommu:map or iommu:unmap line", number)
    else:
        notes.count(f"probe line {event.decode()!r} without dom=, iova= or ret=, skipped", number)
