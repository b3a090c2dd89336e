"""Recorder rows as text: members by name, times from the earliest stamp."""

from __future__ import annotations

from pathlib import Path

from engine.schedule import Step
from stress.evidence import line, rows
from tests.protocol_source import program

TEXT = '''
@protocol
def actor(mem):
    mem.read_lock(L[1])
    mem.set_member(page_of(frame_at(1)) + 8, "pt_list_next")
    mem.write_once(A, 5)
    mem.read_unlock(L[1])
'''


def test_rows_say_what_when_and_through_which_member(tmp_path: Path) -> None:
    made = program(tmp_path, TEXT)
    layout, sites = made.layout, {site.primitive: site.index for site in made.sites}
    shown = rows([
        Step(0, sites["read_lock"], layout.locks["L"] + 128, 0, stamp=7_000),
        Step(0, sites["set_member"], layout.descriptor(1) + 8, 0),
        Step(0, sites["write_once"], layout.words["A"], 5),
        Step(0, sites["read_unlock"], layout.locks["L"] + 128, 0, stamp=9_500),
    ], made)
    assert [line(row) for row in shown] == [
        "actor: read_lock(L[1]) = 0x0 @0", "actor: set_member(page 1 lru_next, pt_list_next)",
        "actor: write_once(A) = 0x5",
        "actor: read_unlock(L[1]) = 0x0 @2,500",
    ]
    assert [row.get("stamp") for row in shown] == [0, None, None, 2_500]


def test_rows_without_stamps_have_no_times(tmp_path: Path) -> None:
    made = program(tmp_path, TEXT)
    (row,) = rows([Step(0, 0, 0, 1)], made)
    assert "stamp" not in row
    assert "@" not in line(row)
