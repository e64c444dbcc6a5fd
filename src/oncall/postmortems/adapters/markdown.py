"""Markdown (CommonMark with tables and strike-through; HTML in it is text) as safe HTML, and as blocks of words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from oncall.kit.markdown import cleaned, commonmark

if TYPE_CHECKING:
    from markdown_it.token import Token

TAGS = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a", "br", "hr",
    "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}"
    "table{border-collapse:collapse;display:block;overflow-x:auto}"
    "th,td{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "pre{overflow-x:auto;background:#f4f4f4;padding:.5rem}"
)

MORE = ("table", "strikethrough")


@dataclass(frozen=True, slots=True)
class Span:
    """Words in one style; a new line is `\\n`."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    struck: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A heading (`level` 1 to 6), a paragraph (0), code, or a rule; so many steps in, behind a bullet or number where one begins."""

    spans: tuple[Span, ...] = ()
    level: int = 0
    indent: int = 0
    bullet: str = ""
    is_code: bool = False
    is_rule: bool = False
    is_quote: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is its head."""

    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    indent: int = 0


def as_html(text: str) -> str:
    """What may stand in any page: no script, no style, no picture, no address but of the web and of mail."""
    return cleaned(
        commonmark(MORE).render(text),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer",
    )


def as_page(text: str, *, title: str) -> str:
    """A document of its own."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>\n{as_html(text)}</body></html>\n'


def blocks_of(text: str) -> list[Block | Table]:
    """What it says, in order."""
    return list(_Walk().walk(commonmark(MORE).parse(text)))


def words_of(text: str) -> str:
    """All that it says, without any markup."""
    said: list[str] = []
    for block in blocks_of(text):
        rows = [[block.spans]] if isinstance(block, Block) else block.rows
        said += ["".join(span.text for span in cell) for row in rows for cell in row]
        if isinstance(block, Block) and block.bullet not in {"", "•"}:
            said[-1] = f"{block.bullet} {said[-1]}"
    return "\n".join(said)


@dataclass
class _Walk:
    """Reads tokens; `lists` are those that we are in: the next number, or None for bullets."""

    lists: list[int | None] = field(default_factory=list)
    quotes: int = 0
    bullet: str = ""
    level: int = 0
    rows: list[list[tuple[Span, ...]]] | None = None

    def walk(self, tokens: "Sequence[Token]") -> Iterator[Block | Table]:
        for token in tokens:
            match token.type:
                case "heading_open":
                    self.level = int(token.tag[1])
                case "heading_close":
                    self.level = 0
                case "inline":
                    yield from self._inline(token)
                case "fence" | "code_block":
                    yield self._block((Span(token.content.rstrip("\n"), code=True),), is_code=True)
                case "hr":
                    yield self._block((), is_rule=True)
                case "table_close":
                    yield Table(tuple(tuple(row) for row in self.rows or ()), self._indent())
                    self.rows = None
                case _:
                    self._enter_or_leave(token)

    def _enter_or_leave(self, token: "Token") -> None:
        match token.type:
            case "bullet_list_open":
                self.lists.append(None)
            case "ordered_list_open":
                self.lists.append(int(token.attrs.get("start", 1)))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
            case "list_item_open":
                number = self.lists[-1]
                self.bullet = "•" if number is None else f"{number}."
                if number is not None:
                    self.lists[-1] = number + 1
            case "list_item_close":
                self.bullet = ""
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "table_open":
                self.rows = []
            case "tr_open" if self.rows is not None:
                self.rows.append([])

    def _indent(self) -> int:
        return len(self.lists) + self.quotes

    def _inline(self, token: "Token") -> Iterator[Block]:
        spans = tuple(_spans(token.children or []))
        if self.rows is not None:
            self.rows[-1].append(spans)
        elif spans:
            yield self._block(spans)

    def _block(self, spans: tuple[Span, ...], *, is_code: bool = False, is_rule: bool = False) -> Block:
        bullet, self.bullet = self.bullet, ""
        return Block(spans, self.level, self._indent(), bullet, is_code, is_rule, self.quotes > 0)


def _spans(tokens: "Sequence[Token]") -> Iterator[Span]:
    bold = italic = struck = 0
    links: list[str] = []
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                bold += token.nesting
            case "em_open" | "em_close":
                italic += token.nesting
            case "s_open" | "s_close":
                struck += token.nesting
            case "link_open":
                links.append(str(token.attrs.get("href", "")))
            case "link_close":
                links.pop()
            case "softbreak":
                yield Span(" ")
            case "hardbreak":
                yield Span("\n")
            case _ if not token.content:
                continue
            case _:
                yield Span(token.content, bold > 0, italic > 0, token.type == "code_inline", struck > 0, links[-1] if links else None)
