"""The page of a campaign: whole, escaped, self-contained, and the same for one state of the store."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from stress import cli
from stress.report.html import axes, data, findings, markup, page
from tests.report_rig import COUNTER, EVIL, Parsed, campaign, evil_campaign, page_of, store_in


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return campaign(tmp_path_factory.mktemp("report") / "campaign")


@pytest.fixture(scope="module")
def document(folder: Path) -> str:
    return page_of(folder)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(evil_campaign(tmp_path_factory.mktemp("report") / "evil"))


def test_everything_is_in_the_page(document: str) -> None:
    parsed = Parsed(document)
    assert not parsed.open
    for tag, attributes in parsed.tags:
        assert "style" not in attributes, tag
        assert not {name for name in attributes if name.startswith("on")}, tag
        for name in ("src", "srcset", "data", "action", "xlink:href"):
            assert name not in attributes, tag
        href = attributes.get("href")
        assert href is None or href.startswith("#"), href
    assert "http" not in re.sub(r"http-equiv", "", document)
    assert "@import" not in document
    assert "url(" not in document


def test_the_policy_lets_nothing_in_but_the_pages_own_code(document: str) -> None:
    policy = next(each["content"] for each in Parsed(document).named("meta") if "http-equiv" in each)
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "unsafe" not in policy
    for rule, tag in (("script-src", "script"), ("style-src", "style")):
        inline, = re.findall(rf"<{tag}>(.*?)</{tag}>", document, re.DOTALL)
        assert rules[rule] == f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


def test_links_lead_to_places_that_are_there(document: str) -> None:
    parsed = Parsed(document)
    places = {attributes.get("id") for _, attributes in parsed.tags}
    links = {attributes["href"] for attributes in parsed.named("a")}
    assert {str(link)[1:] for link in links} <= places
    assert len([name for name in places if name and name.startswith("finding=")]) == 2
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_finding_has_its_film_and_without_scripts_its_picture(document: str) -> None:
    parsed = Parsed(document)
    films = [each["id"] for each in parsed.named("script") if each.get("type") == "application/json"]
    assert len(films) == 2
    steps = [len(json.loads(text)["steps"]) for text in parsed.scripts if text.startswith("{")]
    assert 71 in steps
    assert "USE-AFTER-FREE: clflush of pt 2[0]" in parsed.text
    pictures = [each for each in parsed.named("details") if each.get("class") == "picture"]
    assert len(pictures) == 2
    assert all("open" in each for each in pictures)


def test_what_a_campaign_did_is_said(document: str) -> None:
    text = " ".join(Parsed(document).text.split())
    assert "1 finding not expected." in text
    for said in ("rounds done18", "lost1", "member-1no progress for 60 s", "the clock went back by 3 s",
                 "Throughput of threads", "Throughput of searches", "Time to first finding", "Coverage", "Memory",
                 "operations per second", "time since the first round", "Replay"):
        assert said in text or said == "Replay", said
    row = re.search(r"parent-freed:rfc-v1(.*?)stale-structure", text)
    assert row is not None


def test_pairs_are_counted_in_one_order_and_in_both(folder: Path) -> None:
    from stress.store.view import look

    with look(folder) as view:
        variants = data.gather(view).variants
    assert [v.pairs for v in variants] == [(2, 1), (2, 1)]
    assert [v.title for v in variants] == ["parent-freed:rfc-v1", "stale-structure-cache:rfc-v1"]
    assert [(v.rounds, v.lost, v.ways) for v in variants] == [(9, 0, 3), (9, 1, 3)]


def test_one_state_of_the_store_gives_one_page(folder: Path, document: str) -> None:
    assert page_of(folder) == document


@pytest.mark.parametrize("part", ["evil()", "onerror"])
def test_no_text_becomes_markup(attacked: str, part: str) -> None:
    parsed = Parsed(attacked)
    assert not parsed.open
    assert not parsed.comments
    assert not parsed.named("img")
    code = [text for text in parsed.scripts if text and not text.startswith("{")]
    assert len(code) == 1
    assert part not in code[0]
    assert parsed.text.count(part) > 10
    assert "\u202e" not in attacked
    assert "\x00" not in attacked


def test_data_in_scripts_can_not_end_them(attacked: str) -> None:
    blocks = re.findall(r'<script type="application/json" id="[^"]*">(.*?)</script>', attacked, re.DOTALL)
    assert len(blocks) == 1
    film = json.loads(blocks[0])
    shown = EVIL.replace("\u202e", "\\u202e").replace("\x00", "\\u0000")
    assert film["cpus"][0][0] == shown
    assert film["violation"]["message"] == shown
    assert not set("<>&\u2028") & set(blocks[0])


def test_a_schedule_that_cannot_be_replayed_says_so(attacked: str) -> None:
    assert "it cannot be replayed step by step: schedule: this is not a schedule file" in Parsed(attacked).text


def test_a_campaign_that_has_not_begun(tmp_path: Path) -> None:
    store_in(tmp_path / "new", "S1-a").close()
    text = Parsed(page_of(tmp_path / "new")).text
    assert "Nothing has run yet." in text
    assert "Nothing has been found." in text


def test_the_command_while_the_campaign_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = store_in(tmp_path / "live", "S1-a")
    try:
        assert cli.main(["report", str(tmp_path / "live")]) == 0
    finally:
        store.close()
    written = (tmp_path / "live" / "report.html").read_text()
    assert capsys.readouterr().out.startswith(f"written: {tmp_path}/live/report.html (")
    assert Parsed(written).named("main")


@pytest.mark.parametrize(("arguments", "said"), [
    (["nowhere"], "nowhere: no campaign there"), (["live", "--out", "none/x.html"], "no folder none; make it first"),
    (["live", "--films", "-1"], "--films"),
])
def test_mistakes_are_one_line(arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    store_in(tmp_path / "live", "S1-a").close()
    assert cli.main(["report", *arguments]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_of_many_findings_the_rest_is_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECTIONS", "ROWS"):
        monkeypatch.setattr(findings, name, 1)
    text = Parsed(page_of(folder)).text
    assert "1 more findings are not in this table." in text
    assert "The first 1 follow in detail" in text


def test_without_films_there_are_pictures(folder: Path) -> None:
    document = page_of(folder, films=0)
    assert "application/json" not in document.partition("<script>")[0]
    assert document.count("<pre") >= 2
    assert document.count("step by step: pttorture replay campaign/findings/") == 2


@pytest.mark.parametrize(("value", "unit", "said"), [
    (0, "", "0"), (0.5, "", "0.5"), (1500, "", "1.5 k"), (2e6, "", "2 M"), (64 << 20, "B", "64 MiB"), (0, "B", "0 B"),
    (0.02, "s", "0.02 s"), (59, "s", "59 s"), (90, "s", "1 min 30 s"), (1800, "s", "30 min"), (7500, "s", "2 h 5 min"),
    (300_000, "s", "3 d 11 h"), (3599.9, "s", "60 min"),
])
def test_numbers_as_people_write_them(value: float, unit: str, said: str) -> None:
    assert axes.shown(value, unit) == said


@pytest.mark.parametrize("most", [0.001, 0.7, 1, 3, 17, 100, 1234, 5e5, 3e9])
@pytest.mark.parametrize("unit", ["", "s", "B"])
def test_axes_reach_beyond_the_data_with_few_ticks(most: float, unit: str) -> None:
    axis = axes.linear("x", most, unit)
    assert axis.high >= most * (1 - 1e-9)
    assert 2 <= len(axis.ticks) <= 8
    assert axis.place(0) == 0
    assert 0 < axis.place(most) <= 1 + 1e-9
    assert len({axis.text(tick) for tick in axis.ticks}) == len(axis.ticks)
    decades = axes.logarithmic("x", most / 1e4, most, unit)
    assert decades.low <= most / 1e4 * (1 + 1e-9)
    assert decades.high >= most * (1 - 1e-9)
    assert len(decades.ticks) <= 8


@pytest.mark.parametrize("tick", [60.0, 600.0, 3600.0, 864000.0, 1e7])
def test_equal_times_on_a_tick_have_a_place(tick: float) -> None:
    axis = axes.logarithmic("x", tick, tick, "s")
    assert axis.low <= tick <= axis.high
    assert 0 <= axis.place(tick) <= 1


def test_markup() -> None:
    assert markup.el("td", 0, class_="a<b", data_value=0, hidden=False, open=True) == (
        '<td class="a&lt;b" data-value="0" open>0</td>')
    assert markup.el("p", ["<", markup.el("b", "x"), None, 1]) == "<p>&lt;<b>x</b>1</p>"
    assert markup.text("a\u202eb\x07\ud800") == "a\\u202eb\\u0007\\ud800"
    block = markup.data("x", {"a": ["\u202e", ("\x07", 1)], "b": "é</script>"})
    assert json.loads(block.partition(">")[2].removesuffix("</script>")) == {
        "a": ["\\u202e", ["\\u0007", 1]], "b": "é</script>"}
    with pytest.raises(ValueError, match="</script>"):
        markup.script("x = '</SCRIPT>'")


def test_code_that_is_put_into_the_page_is_short() -> None:
    for path in Path(page.__file__).parent.glob("*.*s"):
        lines = path.read_text().splitlines()
        assert len(lines) < 400, path.name
        assert path.suffix == ".css" or lines[0] == '"use strict";'
        assert "innerHTML" not in path.read_text()


@pytest.mark.parametrize("command", [["replay"], ["explore", "--strategy", "dfs"]])
def test_the_viewer_of_one_schedule(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, target = COUNTER, tmp_path / "race.html"
    name = f"{source}:plain"
    assert cli.main([command[0], name, *command[1:], "--html", str(target)]) == 0
    shown = capsys.readouterr().out
    parsed = Parsed(target.read_text())
    film = next(json.loads(text) for text in parsed.scripts if text.startswith("{"))
    assert film["violation"]["kind"] == "check"
    assert "at rest: count = 1" in shown
    assert "at rest: count = 1" in parsed.text


def test_a_viewer_on_standard_output_is_alone_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", f"{COUNTER}:plain", "--html", "-"]) == 0
    out, err = capsys.readouterr()
    assert not Parsed(out).open
    assert out.startswith("<!DOCTYPE html>")
    assert "replayed on explore" in err


def test_a_viewer_that_cannot_be_written_or_has_nothing_to_show(tmp_path: Path,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", f"{COUNTER}:plain", "--html", str(tmp_path / "none" / "x.html")]) == 2
    assert "make it first" in capsys.readouterr().err
    target = tmp_path / "clean.html"
    cli.main(["explore", f"{COUNTER}:atomic", "--strategy", "dfs", "--html", str(target)])
    assert f"no schedule written to {target}: nothing was found" in " ".join(capsys.readouterr().out.split())
    assert not target.exists()


@pytest.mark.parametrize(("most", "ticks"), [
    (100, "0 s,15 s,30 s,45 s,60 s,75 s,90 s"), (600, "0 min,2 min,4 min,6 min,8 min,10 min"),
    (28_000, "0 h,2 h,4 h,6 h"), (400_000, "0 d,1 d,2 d,3 d,4 d"),
])
def test_times_along_an_axis_have_one_unit(most: float, ticks: str) -> None:
    axis = axes.linear("time", most, "s")
    assert ",".join(map(axis.tick, axis.ticks)) == ticks
    assert axis.high == most


def test_one_finding_does_not_cost_the_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("frame 9")

    monkeypatch.setattr("stress.report.html.films.made", broken)
    assert "it cannot be replayed step by step: KeyError: 'frame 9'" in Parsed(page_of(folder)).text
