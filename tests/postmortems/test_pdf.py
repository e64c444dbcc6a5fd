"""Pages: every word is on them, nothing lies outside of them, and whatever people write becomes a PDF."""

from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from tests.postmortems.test_drafts import squeezed, text_of

from oncall.postmortems.adapters.markdown import words_of
from oncall.postmortems.adapters.pdf import draw
from oncall.postmortems.rules.words import table

LONG = "x" * 400
CASES = {
    "headings and styles": "# One\n## Two\n###### Six\n\n**bold** *italic* `code` ~~gone~~ [words](https://a.example/x?y=1&z=2)",
    "lists in lists": "- a\n- b\n  1. x\n  2. y\n     - deep\n\n5. five\n6. six",
    "code keeps its words": "```\ndef f(x):\n    return x  # < & >\n```",
    "a long line of code": f"```\n{LONG}\n```",
    "a long word": f"{LONG} {LONG}",
    "a quote": "> said\n>\n> > and said again",
    "scripts": "Ünïcödé — Ελληνικά, Кириллица, “quotes”, → ✓ € ½",
    "HTML is text": "<b>not bold</b> &amp; <script>alert(1)</script>",
    "a table": table(("A", "B"), [("1", "2"), (LONG, "y | z")]),
    "a cell longer than a page": table(("A", "B"), [("1", "word " * 3_000)]),
    "a table over pages": table(("Time", "Why"), [(f"{n}", f"reason {n}") for n in range(200)]),
    "a table wider than a page": table([f"c{n}" for n in range(40)], [[f"{n}" for n in range(40)]]),
    "a rule": "a\n\n---\n\nb",
}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_a_pdf_says_every_word_once_and_in_order(text: str) -> None:
    pdf = draw(text, title="T")
    assert text_of(pdf, text) == squeezed(words_of(text))
    assert pdf == draw(text, title="T")


@pytest.mark.parametrize("text", CASES.values(), ids=CASES.keys())
def test_nothing_is_clipped(text: str) -> None:
    """Each piece of text begins within the margins of its page."""
    for page in PdfReader(BytesIO(draw(text, title="T"))).pages:
        right, top = float(page.mediabox.right), float(page.mediabox.top)
        places: list[tuple[float, float]] = []

        def see(words: str, cm: list[float], tm: list[float], *_: object, places: list[tuple[float, float]] = places) -> None:
            if words.strip():
                places.append((tm[4] + cm[4], tm[5] + cm[5]))

        page.extract_text(visitor_text=see)
        assert places
        assert all(20 < x < right - 20 and 20 < y < top - 40 for x, y in places), places


def test_what_no_font_has_is_written_as_its_number() -> None:
    pages = PdfReader(BytesIO(draw("東 🙂", title="T"))).pages
    assert squeezed("[U+6771] [U+1F642]") in squeezed(pages[0].extract_text())


def test_it_names_itself_and_its_fonts_are_in_it() -> None:
    pdf = PdfReader(BytesIO(draw("# Über **alles** `x`", title="Disk full")))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "Disk full"
    resources: Any = pdf.pages[0]["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]
    names = {font["/BaseFont"].partition("+")[2] for font in fonts if "+" in font["/BaseFont"]}
    assert {"DejaVuSans-Bold", "DejaVuSansMono"} <= names
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts if "+" in font["/BaseFont"])


@settings(max_examples=40)
@given(st.text(alphabet="ab#-+=*_`~[]()<>!|\\{}&;:/. 1\n\t\"'é東", max_size=300))
def test_whatever_people_write_becomes_a_pdf(text: str) -> None:
    assert draw(text, title=text[:50]).startswith(b"%PDF")
