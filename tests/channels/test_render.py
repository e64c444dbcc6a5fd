"""One safe line; the page and the notice in plain text and HTML."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import BUNDLE, NOW, UPDATE, a_notice, a_page

from oncall.channels.brief import brief, plain
from oncall.channels.render import SUBJECT_LIMIT, first_line, instant, notice, one_line, page, spoken, written
from oncall.channels.twiml import call
from oncall.channels.values import NoticeMessage

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300) | st.sampled_from(
    [
        "x\r\nBcc: eve@example.com",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}{% raw %}",
        "=?utf-8?q?x=0D=0ABcc:_eve=40example=2Ecom?=",
        "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg",
        "\u202egpj.exe",
        "\ud800\udfff\x00",
        "&lt;b&gt; &amp;amp; &#x3c;",
        "x" * 5000,
        "   ",
        ".\n.",
    ]
)
PAGES = st.builds(a_page, title=ANY_TEXT, service=ANY_TEXT, severity=ANY_TEXT, recipient=ANY_TEXT, reason=ANY_TEXT, urgency=ANY_TEXT)

NOTICES = st.builds(
    a_notice,
    kind=ANY_TEXT,
    subject=ANY_TEXT,
    recipient=ANY_TEXT,
    urgency=ANY_TEXT,
    paragraphs=st.tuples(ANY_TEXT, ANY_TEXT),
    links=st.tuples(st.tuples(st.just("https://oncall.example.com/x"), ANY_TEXT)),
)

UPDATES = st.builds(
    replace,
    st.just(UPDATE),
    subject=ANY_TEXT,
    update=st.builds(replace, st.just(UPDATE.update), title=ANY_TEXT, service=ANY_TEXT, said=ANY_TEXT),
)


class Read(HTMLParser):
    """What a browser makes of our HTML."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.said: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.loaded += [value or "" for name, value in attrs if name in {"src", "srcset", "background", "action"} or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("plain text stays", "disk 91% full on db-1", "disk 91% full on db-1"),
        ("line ends of every kind become a space", "a\r\nb\nc\rd\x0be\x85f\u2028g\u2029h", "a b c d e f g h"),
        ("control characters and NUL vanish", "a\x00b\x1bc\x7fd", "abcd"),
        ("half a surrogate pair vanishes", "a\ud83db", "ab"),
        ("marks that turn the reading direction vanish", "a\u202eb\u2066c", "abc"),
        ("languages stay", "Datenträger voll 磁盘已满 🔥", "Datenträger voll 磁盘已满 🔥"),
        ("long text is cut with a mark", "x" * 300, "x" * 199 + "…"),
        ("nothing stays nothing", "", ""),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_one_line(what: str, text: str, expected: str) -> None:
    assert one_line(text) == expected


@given(ANY_TEXT, st.integers(1, 300))
def test_one_line_is_one_harmless_line_that_cleaning_again_does_not_change(text: str, limit: int) -> None:
    line = one_line(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert line == line.strip()
    assert one_line(line, limit) == line
    line.encode()


def test_the_first_line_says_how_bad_where_and_what() -> None:
    assert first_line(a_page()) == "[critical] payments-api: High error rate (#42)"


def test_the_first_line_is_the_same_on_every_attempt() -> None:
    assert first_line(a_page(attempt=3, repeated=True, late_by=timedelta(hours=1))) == first_line(a_page())


@given(PAGES)
def test_the_first_line_is_short_and_always_names_the_incident(message: object) -> None:
    line = first_line(message)
    assert len(line) <= SUBJECT_LIMIT
    assert line.endswith(" (#42)")
    assert len(line.splitlines()) == 1


@given(PAGES)
def test_html_says_exactly_what_the_plain_words_are_and_nothing_becomes_markup(message: object) -> None:
    read, usual = Read(page(message).html), Read(page(a_page()).html)
    assert read.tags == usual.tags
    assert read.links == usual.links
    assert first_line(message) in read.said
    assert one_line(message.reason, 500) in "".join(read.said)


@given(PAGES)
def test_the_plain_text_has_as_many_lines_as_ever(message: object) -> None:
    assert len(page(message).text.splitlines()) == len(page(a_page()).text.splitlines())


def test_the_page_says_why_since_when_and_what_can_be_done() -> None:
    written = page(a_page())
    for form in (written.text, "".join(Read(written.html).said)):
        assert "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary." in form
        assert "Since 2026-03-08 02:30 UTC, high urgency, level 1." in form
    for url in (a_page().acknowledge_url, a_page().resolve_url, a_page().escalate_url, a_page().incident_url):
        assert url in written.text
        assert url in Read(written.html).links


def test_html_loads_nothing_from_anywhere() -> None:
    assert Read(page(a_page()).html).loaded == []
    assert "url(" not in page(a_page()).html


def test_html_fits_a_phone_and_the_dark() -> None:
    assert 'name="viewport"' in page(a_page()).html
    assert "prefers-color-scheme: dark" in page(a_page()).html


@pytest.mark.parametrize(
    ("what", "changes", "words"),
    [
        ("a repeat says so", {"repeated": True}, "may have reached you before"),
        ("a late page says how late", {"late_by": timedelta(minutes=75)}, "late by 1 hour 15 minutes"),
    ],
)
def test_special_circumstances_are_said_only_when_they_are_so(what: str, changes: dict[str, object], words: str) -> None:
    assert words in page(a_page(**changes)).text
    assert words in page(a_page(**changes)).html
    assert words not in page(a_page()).text
    assert words not in page(a_page()).html


@pytest.mark.parametrize("url", [None, "javascript:alert(1)", "https://x/\r\ny", "/relative", 'https://x/"onclick', ""])
def test_a_link_that_is_missing_or_odd_is_left_out(url: str | None) -> None:
    links = Read(page(a_page(acknowledge_url=url)).html).links
    assert links[-4:] == [a_page().resolve_url, a_page().escalate_url, a_page().links[0][0], a_page().incident_url]
    assert all(link.startswith("https://") for link in links)


@pytest.mark.parametrize(
    ("nth", "said"), [(1, None), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"), (112, "112th")]
)
def test_a_page_that_is_repeated_says_so(nth: int, said: str | None) -> None:
    shown = page(a_page(nth=nth))
    for form in (shown.text, shown.html):
        assert ("Again, the" in form) == (said is not None)
        assert said is None or f"Again, the {said} time: nobody has acknowledged it." in form
    assert shown.subject == page(a_page()).subject, "mail programs keep one conversation"


def test_a_notice_in_plain_text() -> None:
    assert notice(a_notice(repeated=True, late_by=timedelta(minutes=5))).text.splitlines() == [
        "You are on call in Primary now",
        "",
        "This message may have reached you before: an earlier attempt ended without a clear answer.",
        "",
        "This message is late by 5 minutes.",
        "",
        "Your shift lasts until Mon 16 Mar 2026 09:00.",
        "",
        "Open now: nothing.",
        "",
        "the schedule: https://oncall.example.com/schedules/primary",
        "",
        "For Ana. This is no page: there is nothing to acknowledge.",
    ]


def test_a_notice_in_html_says_the_same_and_offers_no_button() -> None:
    shown = written(a_notice(repeated=True, late_by=timedelta(minutes=5)))
    read = Read(shown.html)
    said = [line.strip() for line in read.said if line.strip()]
    for line in shown.text.splitlines():
        assert not line or line in said or line.startswith("the schedule: ")
    assert read.links == ["https://oncall.example.com/schedules/primary"]
    assert read.loaded == []
    assert 'name="viewport"' in shown.html
    assert "prefers-color-scheme: dark" in shown.html


def test_a_notice_that_is_in_time_and_new_does_not_say_otherwise() -> None:
    for form in (notice(a_notice()).text, notice(a_notice()).html):
        assert "late by" not in form
        assert "reached you before" not in form


@given(NOTICES)
def test_nothing_that_a_notice_quotes_becomes_markup_or_another_line(message: NoticeMessage) -> None:
    shown = notice(message)
    lines = [said for paragraph in message.paragraphs if (said := one_line(paragraph, 1000))]
    usual = notice(a_notice(paragraphs=("x",) * len(lines)))
    assert Read(shown.html).tags == Read(usual.html).tags
    assert len(shown.text.splitlines()) == len(usual.text.splitlines())
    assert len(shown.subject) <= SUBJECT_LIMIT
    assert len(shown.subject.splitlines()) == 1
    for line in lines:
        assert line in Read(shown.html).said
        assert line in shown.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://x/\r\ny", "/relative", 'https://x/"onclick y', ""])
def test_an_odd_link_of_a_notice_is_left_out(url: str) -> None:
    shown = notice(a_notice(links=((url, "here"), ("https://oncall.example.com/s", "the schedule"))))
    assert Read(shown.html).links == ["https://oncall.example.com/s"]
    assert "here: " not in shown.text


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(seconds=59), "under a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=2, minutes=5), "2 hours 5 minutes"),
        (timedelta(days=1, hours=3, minutes=59), "1 day 3 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(seconds=-90), "under a minute"),
    ],
)
def test_spoken(length: timedelta, expected: str) -> None:
    assert spoken(length) == expected


def test_an_instant_is_shown_with_its_zone() -> None:
    assert instant(NOW) == "2026-03-08 02:35 UTC"


def test_only_whoever_may_be_paged_is_told_that_this_is_no_page() -> None:
    for kind, told in (("handoff", True), ("reporter", False), ("vendor", False)):
        message = a_notice(kind=kind)
        words = written(message)
        assert ("This is no page" in words.text, "This is no page" in words.html) == (told, told)
        assert f"For {message.recipient}." in words.text
        assert words.text.endswith(".\n"), "and no line is lost"
        assert not words.text.endswith("\n\n")


@pytest.mark.parametrize("end", [".", "!", "?", "…"])
def test_what_ends_a_sentence_already_gets_no_full_stop(end: str) -> None:
    """A name such as "Kim K.", a question that somebody asks."""
    said = f"asked to join by Ana: can you look{end}"
    asked = a_page(reason=said, recipient=f"Kim K{end}", title=f"Look{end}")
    listed = replace(BUNDLE, because=said, recipient=f"Kim K{end}", headline=f"2 incidents{end}")
    told = a_notice(recipient=f"Kim K{end}", subject=f"Look{end}")
    for message in (asked, listed, told):
        words = [written(message).text, written(message).html, *plain(brief(message)), call(message, keys_url=None)]
        assert not [one for one in words if f"{end}." in one]
        assert any(end in one for one in words)


def test_whoever_was_asked_to_join_is_of_no_level() -> None:
    for message, named in ((a_page(level=2), True), (a_page(level=0), False)):
        for words in (written(message).text, written(message).html, *plain(brief(message))):
            assert "level 0" not in words
            assert ("level 2" in words) == (named and "urgency" in words)
            assert "high urgency" in words or "urgency" not in words


def test_a_call_says_no_severity_that_nobody_judged() -> None:
    assert "for Ana. payments-api: Can you look? Incident number 42." in call(
        a_page(severity="unknown", title="Can you look?"), keys_url=None
    )
