"""Whatever somebody writes, what is shown is safe and well-formed."""

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.communications.adapters.markdown import to_html
from oncall.communications.rules.wording import plain

ALLOWED = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
HOSTILE = st.lists(
    st.sampled_from(
        [
            "<script>",
            "</script>",
            "<img src=x onerror=a()>",
            "[a](javascript:b)",
            "![p](http://x/y.png)",
            "<a href='",
            "'>",
            "`",
            "**",
            "\n\n",
            "<svg/onload=a>",
            *("# h\n", "> ", "- ", "&lt;", "&#0;", "<!--", "-->", "](", "[", "http://x", "<p", "=\n", "~~"),
        ]
    )
    | st.text(max_size=5),
    max_size=30,
).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** and *em*", "<p><strong>bold</strong> and <em>em</em></p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        ("[x](https://a.example/?b=1&c)", '<p><a href="https://a.example/?b=1&amp;c" rel="nofollow noopener noreferrer">x</a></p>\n'),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("# no heading", "<p># no heading</p>\n"),
        (
            "![t](https://a.example/x)",
            '<p>!<a href="https://a.example/x" rel="nofollow noopener noreferrer">t</a></p>\n',
        ),
    ],
)
def test_what_becomes_of_markdown(text: str, expected: str) -> None:
    assert to_html(text) == expected


@given(HOSTILE)
def test_it_holds_only_what_is_allowed_and_leads_only_to_the_web(text: str) -> None:
    tree = html5lib.HTMLParser(namespaceHTMLElements=False).parseFragment(to_html(plain(text)))
    for element in tree.iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in ALLOWED
        assert set(element.attrib) <= {"href", "rel"}
        assert element.get("href", "https:").startswith(("http:", "https:", "mailto:", "/", "#")) or ":" not in element.get("href", "")


@given(HOSTILE)
def test_it_is_well_formed_inside_a_page(text: str) -> None:
    html5lib.HTMLParser(strict=True).parseFragment(to_html(plain(text)))
