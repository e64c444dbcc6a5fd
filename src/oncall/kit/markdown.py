"""The library that reads Markdown and the one that cleans HTML: some megabytes, loaded when somebody first needs them."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt


@cache
def commonmark(more: Sequence[str], less: Sequence[str] = ()) -> "MarkdownIt":
    """A reader of CommonMark with these rules more and these less; HTML in it is text."""
    from markdown_it import MarkdownIt  # noqa: PLC0415

    return MarkdownIt("commonmark", {"html": False}).enable(list(more)).disable(list(less))


def cleaned(html: str, **allowed: Any) -> str:
    """What is allowed of this HTML, and the words of all else; `allowed` is what `nh3.clean` takes."""
    import nh3  # noqa: PLC0415

    return nh3.clean(html, **allowed)
