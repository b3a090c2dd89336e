"""What the tags of the walker's caches mean, for reports; `walker.tag_of` makes them."""

from __future__ import annotations


def tag_in_words(tag: int) -> str:
    """`domain 0, pages 4..7`."""
    coded = tag >> 4
    size = coded & -coded
    first = coded >> 1 & ~(size - 1)
    pages = f"pages {first}..{first + size - 1}" if size > 1 else f"page {first}"
    return f"domain {tag & 15}, {pages}"


def as_it_is(_value: int) -> str:
    """The value needs no words of its own."""
    return ""
