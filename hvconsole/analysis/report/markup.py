"""Pieces of HTML. Whatever comes from a board or a user passes through `text`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from hvconsole.model.text import plain

LONGEST = 400


def text(value: object, limit: int = LONGEST) -> str:
    """Return a value as text that is nothing but text in a page, attributes included."""
    return escape(plain(str(value), limit), quote=True)


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers_from: int = 1,
    words_from: int | None = None,
    cards: bool = False,
) -> str:
    """Return a table that scrolls by itself where the page is narrow.

    Args:
        head: Titles, plain.
        rows: Cells, plain.
        numbers_from: Columns from here on are set to the right, and do not break.
        words_from: Columns from here on are words again.
        cards: On a phone a row is a card, with each value's title before it, and nothing scrolls.
    """
    numbers = range(numbers_from, len(head) if words_from is None else words_from)
    titles = "".join(_cell("th", title, i in numbers) for i, title in enumerate(head))
    names = head if cards else [""] * len(head)
    body = "".join(
        f"<tr>{''.join(_cell('td', c, i in numbers, names[i]) for i, c in enumerate(row))}</tr>\n"
        for row in rows
    )
    kind = "wide cards" if cards else "wide"
    return (
        f'<div class="{kind}"><table><thead><tr>{titles}</tr></thead>\n'
        f"<tbody>\n{body}</tbody></table></div>\n"
    )


def section(title: str, *parts: str, name: str) -> str:
    """Return a section with a heading, and a name by which it is linked to."""
    return f'<section id="{text(name)}">\n<h2>{text(title)}</h2>\n{"".join(parts)}</section>\n'


def paragraph(words: str, kind: str = "") -> str:
    """Return a paragraph of plain text."""
    mark = f' class="{text(kind)}"' if kind else ""
    return f"<p{mark}>{text(words, 2000)}</p>\n"


def bullets(sentences: Iterable[str]) -> str:
    """Return sentences as a list."""
    items = "".join(f"<li>{text(sentence, 1000)}</li>" for sentence in sentences)
    return f'<ul class="said">{items}</ul>\n'


def figure(drawing: str, caption: str, labels: Iterable[str] = ()) -> str:
    """Return a drawing with its caption.

    Args:
        drawing: SVG.
        caption: What it shows.
        labels: What its figures are, if not measured: it stands with every drawing, for one that
            is cut out of the page.
    """
    kinds = "".join(f"<strong>{text(label)}</strong> " for label in sorted(set(labels)))
    return f"<figure>{drawing}<figcaption>{kinds}{text(caption, 1000)}</figcaption></figure>\n"


def _cell(tag: str, content: str, is_number: bool, title: str = "") -> str:
    mark = ' class="n"' if is_number else ""
    named = f' data-title="{text(title)}"' if title else ""
    shown = text(content)
    if is_number and tag == "td":
        # A number stays whole; what may break is between it and its interval.
        shown = shown.replace(" ", "\N{NO-BREAK SPACE}").replace("\N{NO-BREAK SPACE}(", " (")
    return f"<{tag}{mark}{named}>{shown}</{tag}>"
