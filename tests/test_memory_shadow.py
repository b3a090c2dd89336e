"""Frame states, records, the pool and the initial memory."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.declare import Geometry
from engine.errors import UsageError
from engine.memory import shadow as S
from engine.memory.arena import Arena
from engine.memory.layout import lay_out


@given(st.sampled_from([S.FREE, S.LIVE, S.RESERVED]), st.integers(0, (1 << 28) - 1), st.integers(0, (1 << 32) - 1))
def test_a_state_word_holds_its_parts(state: int, generation: int, owner: int) -> None:
    word = S.pack_state(state, generation, owner)
    assert word < 1 << 64
    assert S.unpack_state(word) == (state, generation, owner)


def test_generation_and_owner_are_cut_not_mixed() -> None:
    assert S.unpack_state(S.pack_state(S.LIVE, 1 << 28, (1 << 40) + 5)) == (S.LIVE, 0, 5)


@pytest.mark.parametrize(("site", "thread"), [(0, 0), (0, -1), (12345, 63)])
def test_a_place_holds_site_and_thread(site: int, thread: int) -> None:
    assert S.unpack_place(S.pack_place(site, thread)) == (site, thread)
    assert S.unpack_place(0)[0] == -1


def test_the_initial_memory(tmp_path: Path) -> None:
    layout = lay_out(Geometry(4, 3, 8), {"a": 1}, {"l": ("rw", 1)}, 0, 2)
    arena = Arena.create(layout.END, tmp_path)
    for offset in range(layout.LOCKS, layout.END, 8):
        arena.store(offset, 0x1234567812345678)
    arena.store(layout.THREADS, 99)
    S.reset_memory(arena, layout, "quarantine")
    expected = {S.state_at(layout, 0): S.RESERVED, layout.POOL + S.POOL_COUNT: 7, layout.POOL + S.POOL_MODE: 1}
    expected |= {layout.POOL + S.POOL_SLOTS + i * 8: i + 1 for i in range(7)}
    expected |= {layout.descriptor(pfn) + 32: S.GARBAGE for pfn in range(8)}
    expected |= {layout.descriptor(pfn) + 48: S.UNTYPED for pfn in range(8)}
    actual = {o: arena.load(o) for o in range(layout.LOCKS, layout.END, 8) if arena.load(o)}
    assert actual == expected
    assert arena.load(layout.THREADS) == 99
    arena.close()


def test_an_unknown_pool_is_named(tmp_path: Path) -> None:
    layout = lay_out(Geometry(4, 3, 8), {}, {}, 0, 1)
    arena = Arena.create(layout.END, tmp_path)
    with pytest.raises(UsageError, match="'lifo' is not one of reuse, quarantine"):
        S.reset_memory(arena, layout, "lifo")
    arena.close()
