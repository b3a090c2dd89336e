"""Which round is next: everything gets some time, what finds something gets more, and numbers say all."""

from __future__ import annotations

from collections import Counter

import pytest

from stress.campaign.cell import Cell, Round, seed_of
from stress.campaign.choosing import Chooser, Shard, Standing, round_of, standings

NATIVE = [Cell("one", name) for name in "abcdef"]
SEARCH = Cell("one", "a", executor="explore", strategy="states")
SAMPLER = Cell("one", "a", executor="explore", strategy="random")


def walked(chooser: Chooser, rounds: int, finding: Cell | None = None) -> Counter[str]:
    """Seconds that each cell had; `finding` has news in every round."""
    had: Counter[str] = Counter()
    for _ in range(rounds):
        chosen = chooser.next()
        assert chosen is not None
        standing, each = chosen
        standing.running -= 1
        standing.ended(each.seconds, int(standing.cell == finding))
        had[standing.cell.variant] += each.seconds
    return had


def test_everything_has_a_round_before_anything_has_a_second() -> None:
    chooser = Chooser(standings(NATIVE), 1, 5.0)
    first = [chooser.next() for _ in NATIVE]
    assert [chosen and chosen[1].cell for chosen in first] == NATIVE


def test_what_finds_something_gets_more_and_everything_gets_some() -> None:
    had = walked(Chooser(standings(NATIVE), 1, 2.0), 300, finding=NATIVE[2])
    others = [had[cell.variant] for cell in NATIVE if cell != NATIVE[2]]
    assert had["c"] > 2 * max(others)
    assert min(others) > sum(had.values()) / len(NATIVE) / 4
    assert max(others) - min(others) <= 4.0


def test_without_news_everything_gets_the_same() -> None:
    had = walked(Chooser(standings(NATIVE), 1, 2.0), 300)
    assert max(had.values()) - min(had.values()) <= 4.0


def test_a_search_that_is_complete_is_over() -> None:
    chooser = Chooser(standings([SEARCH]), 1, 5.0)
    chosen = chooser.next()
    assert chosen is not None
    assert chooser.next() is None, "two searches at once would see the same"
    chosen[0].running -= 1
    chosen[0].ended(0.1, 0, over=True)
    assert chooser.next() is None


def test_lost_rounds_come_first_under_their_own_numbers() -> None:
    chooser = Chooser([Standing(NATIVE[0], number=7, again=(2, 5), rounds=6), Standing(NATIVE[1])], 1, 5.0)
    numbers = [(chosen[1].cell.variant, chosen[1].number) for chosen in (chooser.next(), chooser.next()) if chosen]
    assert numbers == [("a", 2), ("a", 5)]
    assert chooser.next() == (chooser.standings[1], round_of(NATIVE[1], 0, 1, 5.0))


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_shards_share_the_numbers_out(count: int) -> None:
    taken: list[int] = []
    for index in range(count):
        chooser = Chooser(standings([NATIVE[0]]), 1, 5.0, Shard(index, count))
        mine = [chosen[1].number for chosen in (chooser.next() for _ in range(24 // count)) if chosen]
        assert all(number % count == index for number in mine)
        taken += mine
    assert sorted(taken) == list(range(24))


def test_a_round_is_a_pure_function_of_its_number() -> None:
    assert round_of(NATIVE[0], 3, 9, 5.0) == round_of(NATIVE[0], 3, 9, 5.0)
    assert [round_of(NATIVE[0], n, 9, 5.0).seconds for n in (0, 1, 3, 4, 900)] == [0.5, 1.0, 4.0, 5.0, 5.0]
    assert [round_of(SEARCH, n, 9, 5.0).executions for n in (0, 1, 2)] == [20_000, 80_000, 320_000]
    assert [round_of(SAMPLER, n, 9, 5.0).executions for n in (0, 1, 900)] == [20_000, 40_000, 2_000_000]


def test_seeds_differ_by_cell_number_and_campaign_and_fit_a_signed_word() -> None:
    seeds = {seed_of(campaign, cell, number) for campaign in (1, 2) for cell in (*NATIVE, SAMPLER)
             for number in range(50)}
    assert len(seeds) == 2 * 7 * 50
    assert all(0 <= seed < 1 << 63 for seed in seeds)
    assert seed_of(1, NATIVE[0], 0) == 8900824887146972587, "a changed rule makes every stored round unrepeatable"


def test_descriptions_survive_json() -> None:
    each = Round(SAMPLER, 4, 17, executions=100)
    assert Round.from_dict(each.as_dict()) == each
    assert Cell.from_dict(SEARCH.as_dict()).key == SEARCH.key
