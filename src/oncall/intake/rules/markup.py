"""The text in HTML, as a mail program would show it to somebody who has switched pictures and colours off."""

import html
import re

TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})|<[!?]")
BLOCKS = {
    "address", "article", "blockquote", "br", "caption", "center", "dd", "div", "dl", "dt", "fieldset", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "table", "tr", "ul",
}  # fmt: skip
CELLS = {"td", "th"}
UNSEEN = {"head", "noscript", "object", "script", "style", "svg", "template", "title"}
BLANK = re.compile(r"[^\S\n]+")
EMPTY_LINES = re.compile(r"\n\s*\n")


def text_in(markup: str) -> str:
    """What is read on the screen: no scripts, no styles, no comments; blocks and rows are lines, cells are words.

    One pass from left to right, and never back: what is not closed ends the text, since it would not be shown either.
    """
    lower, pieces, at = markup.lower(), [""], 0
    while (opened := markup.find("<", at)) >= 0:
        pieces.append(_words(markup[at:opened]))
        found = TAG.match(markup, opened)
        if found is None:  # a sign that something is less than something
            pieces.append("<")
            at = opened + 1
            continue
        is_comment = markup.startswith("<!--", opened)
        closed = markup.find("-->", opened + 4) if is_comment else markup.find(">", found.end())
        at = closed + (3 if is_comment else 1)
        name = (found[2] or "").lower()
        if closed >= 0 and name in UNSEEN and not found[1]:
            at = closed = lower.find(f"</{name}", at)
        if closed < 0:
            return _tidy(pieces)
        pieces.append("\n" if name in BLOCKS else " " if name in CELLS else "")
    return _tidy([*pieces, _words(markup[at:])])


def _words(text: str) -> str:
    """With one blank at each end that had any, so that words on both sides of a tag stay apart or together as they were."""
    said = " ".join(text.split())
    before, after = (" " if end.isspace() else "" for end in (text[:1], text[-1:]))
    return html.unescape(f"{before}{said}{after}" if said else before)


def _tidy(pieces: list[str]) -> str:
    text = "\n".join(line.strip() for line in BLANK.sub(" ", "".join(pieces)).split("\n"))
    return EMPTY_LINES.sub("\n\n", text).strip()
