"""Reading ftrace captures: the columns, the domains, and what is refused or counted."""

from __future__ import annotations

import gzip
from functools import cache

import numpy as np
import pytest

from engine.errors import UsageError
from stress.trace import MAP, UNMAP, Trace, load, shipped
from tests.trace_files import GIB, HEADER_LINES, MIB, Map, Unmap, line, make_trace, probe

A, B = 0xFFFF888004F898A0, 0xFFFF888004F89000


def test_the_columns_are_what_the_lines_say(tmp_path):
    trace = load(make_trace(tmp_path / "t", Map(0x5000, 0x2000, 0x9000, cpu=3), Unmap(0x5000, 0x1000, cpu=1)))
    assert trace.kind.tolist() == [MAP, UNMAP]
    assert trace.cpu.tolist() == [3, 1]
    assert trace.iova.tolist() == [0x5000, 0x5000]
    assert trace.size.tolist() == [0x2000, 0x1000]
    assert trace.paddr.tolist() == [0x9000, 0]
    assert trace.removed.tolist() == [0, 0x1000]
    assert trace.stamp.tolist() == [7_000_000_000, 7_000_001_000]
    assert trace.line.tolist() == [HEADER_LINES + 1, HEADER_LINES + 2]
    assert trace.live.tolist() == [[0, 0x6000, 0x1000, 0xA000, 4096]]
    assert (trace.begin.tolist(), trace.has_spans) == ([-1, -1], False)
    assert trace.domain_keys == (0,)
    assert trace.diagnostics == ()


def test_plain_and_gzip_are_told_apart_by_content(tmp_path):
    plain = make_trace(tmp_path / "t.txt", Map(0x5000, 0x1000))
    packed = tmp_path / "no-suffix"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert load(packed).iova.tolist() == load(plain).iova.tolist() == [0x5000]


@pytest.mark.parametrize("text", [
    "  kworker/u8:1-35   [001] .....  6.297199: map: IOMMU: iova=0x5000 - 0x6000 paddr=0x9000 size=4096",
    "a b-c <x>-35 [001] 6.297199123: map:                  IOMMU: iova=0x5000 paddr=0x9000 size=4096",
    "load-35  (     35) [001] d..1. 6.297199: map: IOMMU: iova=0x5000 - 0x6000 paddr=0x9000 size=4096\r",
    "  <idle>-0   [001] ..s1. 76543210: map: IOMMU: iova=0x5000 - 0x6000 paddr=0x9000 size=4096",
])  # fmt: skip
def test_layouts_of_other_kernels_clocks_and_options(tmp_path, text):
    trace = load(make_trace(tmp_path / "t", text))
    assert (trace.iova[0], trace.size[0], trace.paddr[0], trace.cpu[0]) == (0x5000, 4096, 0x9000, 1)
    assert trace.stamp[0] in (6_297_199_000, 6_297_199_123, 76543210)
    assert trace.diagnostics == ()


def test_domains_come_from_the_probe_lines(tmp_path):
    trace = load(make_trace(tmp_path / "t", Map(0, 4096, dom=B), Map(0, 4096, dom=A), Unmap(0, 4096, dom=B)))
    assert trace.domain_keys == (B, A)
    assert trace.domain.tolist() == [0, 1, 0]
    assert trace.begin.tolist() == [7_000_000_000, 7_000_003_000, 7_000_006_000]
    assert (trace.end - trace.begin).tolist() == [1000, 1000, 1000]
    assert trace.diagnostics == ()


def test_an_interrupt_nests_inside_a_driver_call(tmp_path):
    enter, leave = probe("map", A, 0x2000)
    inner = Unmap(0x2000, 4096, dom=B)
    trace = load(make_trace(tmp_path / "t", Map(0x2000, 4096, dom=B), enter, *inner.lines(), leave,
                            Map(0x2000, 4096).lines()[0]))  # fmt: skip
    assert trace.kind.tolist() == [MAP, UNMAP, MAP]
    assert trace.domain.tolist() == [0, 0, 1]
    assert trace.begin[2] < trace.begin[1] < trace.end[1] < trace.end[2]
    assert trace.diagnostics == ()


def test_one_event_may_have_several_driver_calls(tmp_path):
    calls = [*probe("map", A, 0x1FF000), *probe("map", A, 0x200000)]
    trace = load(make_trace(tmp_path / "t", Map(0, 4096, dom=B), *calls, Map(0x1FF000, 0x201000).lines()[0]))
    assert trace.domain.tolist() == [0, 1]
    assert (trace.end - trace.begin).tolist() == [1000, 3000]


def test_a_task_that_migrates_keeps_its_call_and_the_idle_tasks_do_not_mix(tmp_path):
    moved = [*probe("map", A, 0x1000, cpu=0), Map(0x1000, 4096, cpu=2).lines()[0]]
    idle0 = probe("map", A, 0x2000, cpu=0, task="<idle>-0")
    idle1 = probe("map", B, 0x2000, cpu=1, task="<idle>-0")
    range_ = "map: IOMMU: iova=0x2000 - 0x3000 paddr=0x9000 size=4096"
    events = [line(range_, 0, "<idle>-0"), line(range_, 1, "<idle>-0")]
    trace = load(make_trace(tmp_path / "t", *moved, *idle0, *idle1, *events))
    assert [hex(trace.domain_keys[d]) for d in trace.domain] == [hex(A), hex(A), hex(B)]


@pytest.mark.parametrize("stray", [("map", A, 0x1000), ("unmap", B, 0x1000), ("unmap", A, 0x2000)])
def test_a_call_that_has_no_event_is_left_alone(tmp_path, stray):
    first = [Map(0x1000, 4096, dom=A), Map(0x1000, 4096, dom=B)]
    trace = load(make_trace(tmp_path / "t", *first, *probe(*stray), Unmap(0x1000, 4096, dom=A)))
    assert (trace.domain.tolist(), trace.end[2] - trace.begin[2]) == ([0, 1, 0], 1000)
    assert [text.split(": ")[1] for text in trace.diagnostics] == ["driver call without an iommu event"]


def test_a_failed_driver_call_has_no_event(tmp_path):
    enter, leave = probe("map", A, 0x2000)
    trace = load(make_trace(tmp_path / "t", enter, leave.replace("ret=0", "ret=-12"), Map(0x2000, 4096, dom=B)))
    assert (trace.domain_keys, trace.end[0] - trace.begin[0]) == ((B,), 1000)
    assert [text.split(": ")[1] for text in trace.diagnostics] == ["driver call that failed"]


def test_the_largest_leaf_of_maps_and_unmaps(tmp_path):
    odd = [Map(3 * GIB, 2 * MIB, 4096), Map(4 * GIB - 4096, 4096 + MIB, 0), Map(5 * GIB - 4096, GIB + 4096, GIB - 4096)]
    maps = [Map(0, GIB, 0), Map(2 * GIB, 4 * MIB, 2 * MIB), *odd, Map(7 * GIB + MIB, 2 * MIB, MIB)]
    trace = load(make_trace(tmp_path / "t", *maps, Unmap(0, 4096), Unmap(3 * GIB, 4096), Unmap(4096, 4096)))
    assert trace.leaf.tolist() == [GIB, 2 * MIB, 4096, 4096, GIB, 4096, GIB, 4096, GIB]


PAGE = Map(0x5000, 0x1000)
FATAL = {
    "lost": ([PAGE, "CPU:2 [LOST 117 EVENTS]"], "lost events", 1),
    "lost-trace-cmd": ([PAGE, "CPU:2 [117 EVENTS DROPPED]"], "lost events", 1),
    "disorder": ([PAGE, PAGE.lines()[0].replace("@TIME@", "1.000000").replace("5000", "9000").replace("6000", "a000")],
                 "time stamp", 2),
    "cut-line": ([PAGE, line("map: IOMMU: iova=0x00000000fff")], "damaged", 1),
    "no-head": ([PAGE, "unmap: IOMMU: iova=0x5000 - 0x6000 size=4096 unmapped_size=4096"], "damaged", 1),
    "overflow": ([PAGE, line(f"map: IOMMU: iova=0xfffffffffffff000 paddr=0x0 size={2**52}")], "2**64", 1),
    "size-overflow": ([PAGE, line(f"map: IOMMU: iova=0x0 paddr=0x0 size={2**64}")], "2**64", 1),
    "end": ([PAGE, line("map: IOMMU: iova=0x8000 - 0x9000 paddr=0x0 size=8192")], "is not iova + size", 1),
    "unaligned": ([PAGE, Map(0x8000, 0x1800)], "multiple of 4096", 1),
    "unaligned-iova": ([PAGE, Map(0x8010, 0x1000)], "multiple of 4096", 1),
    "overlap": ([PAGE, Map(0x4000, 0x2000)], "is mapped", 1),
    "no-domain": ([Map(0, 4096, dom=A), Map(0, 4096, dom=B), Map(0x5000, 4096)], "tells the domain", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", FATAL)
def test_a_hole_in_the_history_is_fatal_unless_tolerated(tmp_path, name):
    events, words, left = FATAL[name]
    path = make_trace(tmp_path / "t", *events)
    with pytest.raises(UsageError, match=r"^\S+/t:\d+: .*; capture it again$") as caught:
        load(path)
    assert words in str(caught.value)
    trace = load(path, tolerate=True)
    assert len(trace) == left
    assert len(trace.diagnostics) == 1
    assert words in trace.diagnostics[0]


def test_tolerated_disorder_is_sorted_by_stamp(tmp_path):
    late = Unmap(0x5000, 0x1000).lines()[0].replace("@TIME@", "9.000000")
    trace = load(make_trace(tmp_path / "t", late, PAGE), tolerate=True)
    assert trace.kind.tolist() == [MAP, UNMAP]
    assert not len(trace.live)


COUNTED = {
    "unknown": ([PAGE, line("qi_submit: iotlb_inv dmar0: 0x500f2"), line("qi_submit: x")], "skipped (and 1 more)"),
    "text": ([PAGE, "what is this"], "not an ftrace line"),
    "size-0": ([PAGE, Map(0x9000, 0)], "size 0"),
    "removed-0": ([PAGE, Unmap(0x9000, 4096, removed=0)], "removed nothing"),
    "of-nothing": ([PAGE, Unmap(0x9000, 4096)], "not mapped in this capture"),
    "overwritten": ([PAGE, "# entries-in-buffer/entries-written: 10/12   #P:4"], "overwritten"),
    "stray-return": ([PAGE, probe("map", A, 0x5000)[1]], "without its entry"),
    "no-return": ([PAGE, probe("map", A, 0x5000)[0]], "without its return"),
    "no-event": ([PAGE, *probe("map", A, 0x5000)], "without an iommu event"),
    "odd-probe": ([PAGE, line("mapb: (f+0x0/0x1) x=1")], "probe line 'mapb'"),
    "only-domain": ([Map(0, 4096, dom=A), PAGE], "the only one"),
}  # fmt: skip


@pytest.mark.parametrize("name", COUNTED)
def test_what_leaves_the_history_whole_is_counted(tmp_path, name):
    events, words = COUNTED[name]
    trace = load(make_trace(tmp_path / "t", *events))
    assert PAGE.iova in trace.iova
    assert UNMAP not in trace.kind
    assert len(trace.diagnostics) == 1
    assert words in trace.diagnostics[0]
    assert "\n" not in trace.diagnostics[0]


def test_an_unmap_over_holes_is_cut_to_what_is_live(tmp_path):
    maps = [Map(0x1000, 0x1000), Map(0x2000, 0x1000), Map(0x5000, 0x3000)]
    trace = load(make_trace(tmp_path / "t", *maps, Unmap(0, 0x6000), Unmap(0x6000, 0x1000)))
    assert [(int(i), int(s)) for i, s in zip(trace.iova[3:], trace.removed[3:], strict=True)] == [
        (0x1000, 0x2000), (0x5000, 0x1000), (0x6000, 0x1000),
    ]  # fmt: skip
    assert trace.live[:, 1:3].tolist() == [[0x7000, 0x1000]]
    assert trace.size[3:].tolist() == trace.removed[3:].tolist()


def test_an_unmap_that_removed_more_than_asked_reaches_as_far(tmp_path):
    trace = load(make_trace(tmp_path / "t", Map(0, 2 * MIB, 0), Unmap(0, 4096, removed=2 * MIB), Map(MIB, 4096)))
    assert trace.extent.tolist() == [2 * MIB, 2 * MIB, 4096]


def test_files_that_are_no_trace(tmp_path):
    def refusal(name: str, data: bytes | None) -> str:
        path = tmp_path / name
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(UsageError) as caught:
            load(path, tolerate=True)
        assert str(caught.value).startswith(f"{path}: ")
        assert "\n" not in str(caught.value)
        return str(caught.value)

    packed = gzip.compress(make_trace(tmp_path / "good", *[Map(i << 12, 4096) for i in range(50)]).read_bytes())
    assert "no such file" in refusal("absent", None)
    assert "is empty" in refusal("empty", b"")
    assert "is empty" in refusal("empty.gz", gzip.compress(b"\n"))
    assert "cut short" in refusal("short.gz", packed[:-30])
    assert "damaged" in refusal("bad.gz", packed[:20] + bytes([packed[20] ^ 255]) + packed[21:])
    assert "trace-cmd report" in refusal("trace.dat", b"\x17\x08\x44tracing6\0")
    assert "is not text" in refusal("binary", bytes(range(256)))
    assert "not an ftrace trace" in refusal("prose", b"Dear reader,\nnothing here.\n")
    assert "no iommu:map" in refusal("other", line("sched_switch: a").replace("@TIME@", "1.0").encode())
    assert "left that can be" in refusal("zero", Map(0, 0).lines()[0].replace("@TIME@", "1.0").encode())
    assert "left to replay" in refusal("stray", Unmap(0, 4096).lines()[0].replace("@TIME@", "1.0").encode())
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in refusal("folder", None)


# maps, unmaps, domains, live at end, overlapping driver calls: the counts published with the captures
SHIPPED = {
    "nvme-lazy-spans": (68999, 10893, 1, 35),
    "nvme-strict": (114974, 16610, 1, 28),
    "vfio-hugepage": (6540, 6544, 4, 0),
}


@cache
def shipped_trace(name: str) -> Trace:
    return load(shipped()[name])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_captures_have_the_published_counts(name):
    maps, unmaps, domains, live = SHIPPED[name]
    trace = shipped_trace(name)
    assert ((trace.kind == MAP).sum(), (trace.kind == UNMAP).sum()) == (maps, unmaps)
    assert (len(trace.domain_keys), len(trace.live)) == (domains, live)
    assert trace.diagnostics == ()
    assert (np.diff(trace.stamp) >= 0).all()
    if trace.has_spans:
        assert (trace.begin > 0).all()
        assert (trace.begin <= trace.end).all()
        assert (trace.end <= trace.stamp).all()


def test_the_spans_overlap_as_often_as_published():
    trace = shipped_trace("nvme-lazy-spans")
    latest = [0, 0, 0, 0]
    overlaps = 0
    for i in np.argsort(trace.begin, kind="stable").tolist():
        cpu = int(trace.cpu[i])
        overlaps += any(trace.begin[i] < end for c, end in enumerate(latest) if c != cpu)
        latest[cpu] = max(latest[cpu], int(trace.end[i]))
    assert overlaps == 1426


def test_what_ships():
    assert list(shipped()) == sorted(SHIPPED)
    assert all(path.is_file() for path in shipped().values())
    assert sum(path.stat().st_size for path in shipped().values()) < 5_000_000


def test_a_map_that_no_machine_holds_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"/t:\d+: a map of 131,072 GiB in leaves of 2,048 KiB is more than"):
        load(make_trace(tmp_path / "t", Map(0, 1 << 47, 2 * MIB)))
    assert len(load(make_trace(tmp_path / "t", Map(0, 1 << 40, 2 * MIB)))) == 1
