"""Markdown to HTML that may stand on any page: no scripts, no pictures, no styles, links to the web and to mail alone."""

from oncall.kit.markdown import cleaned, commonmark

# Pictures would tell others who reads, headings would stand above those of the page.
_MORE, _LESS = ("strikethrough",), ("image", "heading", "lheading")
_TAGS = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}


def to_html(text: str) -> str:
    """Never fails, whatever the text. What is allowed is listed; all else is taken out, its words kept."""
    return cleaned(
        commonmark(_MORE, _LESS).render(text),
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
