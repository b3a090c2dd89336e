"""The page in a real browser: stepping, keys, links, a phone, the dark, paper, and no scripts at all.

Needs Chromium and the package playwright; where one of them is missing these tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report_rig import EVIL, campaign, evil_campaign, page_of

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    (folder / "page.html").write_text(page_of(campaign(folder / "campaign")))
    (folder / "evil.html").write_text(page_of(evil_campaign(folder / "evil")))
    return folder


Opened = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, folder: Path) -> Iterator[Opened]:
    """Opens a page; at the end nothing may have been complained about, and nothing but the page been asked for."""
    contexts, said, asked = [], [], []

    def opener(name: str = "page.html", hash_: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{folder / name}{hash_}")
        return page

    yield opener
    for context in contexts:
        context.close()
    assert not said
    assert all(url.startswith(f"file://{folder}") for url in asked)


def freed(page: Any) -> str:
    """The signature of the use after free."""
    return str(page.locator("details[data-finding]", has_text="use-after-free").first.get_attribute("data-finding"))


def viewer_at(opened: Opened, step: int, **options: Any) -> Any:
    signature = freed(opened(**options))
    page = opened(hash_=f"#finding={signature}&step={step}", **options)
    return page, page.locator(f"details[data-finding='{signature}'] .viewer")


def shown(viewer: Any) -> tuple[str, str]:
    return viewer.locator(".now").inner_text(), viewer.locator(".stage").inner_text()


def test_a_link_leads_to_its_step(opened: Opened) -> None:
    _page, viewer = viewer_at(opened, 12)
    now, stage = shown(viewer)
    assert now == "Step 12 of 71: CPU0 unmapA: xchg(pt 3[0]): 0x40000000003 -> 0"
    assert "pt 3[0]: 0x40000000003 → 0" in stage
    assert "old: int = mem.xchg(pte, 0)" in stage
    assert "scenarios/models/count.py:98" in stage
    assert viewer.locator(".changes .sign.cleared").count() == 1
    assert viewer.locator(".tree .cleared .spoken").first.text_content() == " cleared "
    assert "pgd_lock" in stage
    assert viewer.locator("li[aria-current=step]").inner_text().startswith("12 CPU0")
    assert viewer.evaluate("each => each === document.activeElement")
    top = viewer.bounding_box()["y"]
    assert -5 < top < 100


def test_keys_buttons_and_the_slider_step_both_ways(opened: Opened) -> None:
    page, viewer = viewer_at(opened, 0)
    steps = [shown(viewer)]
    for _ in range(71):
        page.keyboard.press("ArrowRight")
        steps.append(shown(viewer))
    assert "✗ use-after-free" in steps[71][0]
    page.keyboard.press("j")
    assert shown(viewer) == steps[71]
    for position in range(70, -1, -1):
        page.keyboard.press("k" if position % 2 else "ArrowLeft")
        assert shown(viewer) == steps[position]
    for key, position in (("End", 71), ("Home", 0), ("ArrowLeft", 0), ("j", 1)):
        page.keyboard.press(key)
        assert shown(viewer) == steps[position]
    assert page.evaluate("location.hash").endswith("&step=1")
    viewer.get_by_label("to the end (End)").click()
    assert shown(viewer) == steps[71]
    assert viewer.get_by_label("one step forward").is_disabled()
    viewer.locator("input[type=range]").fill("30")
    assert shown(viewer) == steps[30]
    viewer.get_by_label("page", exact=True).select_option("1")
    assert shown(viewer) != steps[30]
    viewer.get_by_label("page", exact=True).select_option("0")
    assert shown(viewer) == steps[30]
    viewer.locator(".steps li").nth(9).click()
    assert shown(viewer) == steps[10]
    assert page.evaluate("location.hash").endswith("&step=10")


def test_no_mouse_is_needed(opened: Opened) -> None:
    page = opened()
    for _ in range(400):
        page.keyboard.press("Tab")
        focus = page.evaluate("[document.activeElement.tagName, document.activeElement.getAttribute('aria-label')]")
        if focus[1] and focus[1].startswith("one step forward"):
            break
    assert focus[0] == "BUTTON"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash").endswith("&step=2")
    assert page.locator(".now").first.get_attribute("aria-live") == "polite"
    unnamed = page.evaluate("[...document.querySelectorAll('button, input, select, svg[role]')].filter(each => "
                            "!(each.getAttribute('aria-label') || each.textContent.trim())).length")
    assert unnamed == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_sticks_out(opened: Opened, scheme: str) -> None:
    page, viewer = viewer_at(opened, 40, viewport=PHONE, color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.wait_for_function("document.querySelectorAll('.viewer').length === 2")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    wide = page.evaluate("[...document.querySelectorAll('body *')].filter(each => !each.closest('.wide, pre, svg, "
                         ".spoken, .skip') && each.getBoundingClientRect().right > 361).map(each => each.outerHTML)")
    assert not wide
    for button in viewer.locator(".controls button").all():
        box = button.bounding_box()
        assert min(box["width"], box["height"]) >= 36
    back = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, back[4:-1].split(","))) < 200) is (scheme == "dark")


def test_without_scripts_there_is_the_text(opened: Opened) -> None:
    page = opened(java_script_enabled=False)
    picture = page.locator("pre", has_text="USE-AFTER-FREE")
    if not picture.is_visible():
        page.locator("summary", has_text="use-after-free").click()
    assert picture.is_visible()
    assert page.locator(".viewer").count() == 0


def test_on_paper_every_picture_stands(opened: Opened) -> None:
    page = opened()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert all(picture.is_visible() for picture in page.locator(".picture pre").all())
    assert not page.locator(".viewer").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[data-finding][open]").count() == 1
    assert len(page.pdf(format="A4")) > 20_000


def test_tables_are_sorted_by_their_values(opened: Opened) -> None:
    page = opened()
    table = page.locator("table.sortable", has_text="both orders")
    heading = table.get_by_role("columnheader", name="running")
    orders = []
    for wanted in ("ascending", "descending"):
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == wanted
        cells = table.locator("tbody td:nth-child(6)").all()
        orders.append([float(cell.get_attribute("data-value")) for cell in cells])
    assert orders[0] == sorted(orders[0])
    assert orders[0][0] < orders[0][-1]
    assert orders[1] == orders[0][::-1]


def test_nothing_that_a_name_says_is_run(opened: Opened) -> None:
    page = opened("evil.html")
    page.evaluate("() => { window.evil = () => { window.ran = true; }; }")
    for details in page.locator("details[data-finding]").all():
        details.evaluate("each => { each.open = true; }")
    page.wait_for_function("document.querySelectorAll('.viewer').length === 1")
    viewer = page.locator(".viewer")
    viewer.get_by_label("to the end (End)").click()
    assert EVIL.replace("\x00", "") in str(viewer.text_content()).replace("\x00", "")
    assert viewer.locator(".line.fails").count() == 1
    assert "mem.check(mem.read_once(COUNT) == 2" in viewer.locator(".rest .line.fails").inner_text()
    assert page.locator("img").count() == 0
    assert page.evaluate("window.ran") is None
