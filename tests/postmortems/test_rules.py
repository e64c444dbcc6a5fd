"""What is due when, who owes what, what may be published, and that no words of anybody become markup."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.desk.values import Priority
from oncall.kit.ids import UserId
from oncall.postmortems.adapters.markdown import Table, as_html, blocks_of, words_of
from oncall.postmortems.rules import promising, publishing, templates
from oncall.postmortems.rules.drafting import lasting
from oncall.postmortems.rules.words import escaped, line, table
from oncall.postmortems.values import InvalidPostmortem, Owed, PostmortemId, Settings, Text
from oncall.postmortems.values.action_items import ActionItem, ActionItemId, ActionStatus, InvalidActionItem, NotOpen, Promise

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANA = UserId(UUID(int=7))
SETTINGS = Settings()


def item(**changes: object) -> ActionItem:
    made = promising.promised(
        ActionItemId(UUID(int=1)), PostmortemId(UUID(int=2)), Promise("Add a disk alert", ANA, Priority.P1), SETTINGS, by="Ana", now=NOW
    )
    return ActionItem(**{name: getattr(made, name) for name in made.__slots__} | changes)


# --- action items -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("priority", "days"), [("P1", 7), ("P2", 14), ("P3", 30), ("P4", 60), ("P5", 90)])
def test_an_action_item_is_due_by_its_priority(priority: str, days: int) -> None:
    made = promising.promised(
        ActionItemId(UUID(int=1)), PostmortemId(UUID(int=2)), Promise("x", ANA, Priority(priority)), SETTINGS, by="Ana", now=NOW
    )
    assert (made.due_at, made.next_at) == (NOW + days * DAY, NOW + days * DAY - 2 * DAY)


@pytest.mark.parametrize(
    ("what", "after", "expected"),
    [
        ("long before: two days before it is due", NOW, NOW + 5 * DAY),
        ("within these two days: when it is due", NOW + 5 * DAY, NOW + 7 * DAY),
        ("when it is due: a week later", NOW + 7 * DAY, NOW + 14 * DAY),
        ("a week and a bit late: at the end of the second", NOW + 14 * DAY + HOUR, NOW + 21 * DAY),
        ("after a long outage one reminder, and not all that were missed", NOW + 100 * DAY, NOW + 105 * DAY),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_reminders(what: str, after: datetime, expected: datetime) -> None:
    assert promising.next_reminder(NOW + 7 * DAY, after=after) == expected


@given(after=st.timedeltas(-400 * DAY, 4000 * DAY), late=st.timedeltas(-400 * DAY, 4000 * DAY))
def test_the_next_reminder_is_always_ahead_and_never_more_than_a_week_once_it_is_overdue(after: timedelta, late: timedelta) -> None:
    due = NOW + after
    at = promising.next_reminder(due, after=due + late)
    assert at > due + late
    if late >= timedelta(0):
        assert at - (due + late) <= 7 * DAY


def test_what_is_finished_reminds_nobody_and_goes_on_where_it_was_when_it_is_opened_again() -> None:
    done = promising.finish(item(), ActionStatus.DONE, reason=None, by="Ana", now=NOW + DAY)
    assert (done.next_at, done.finished_at, done.version) == (None, NOW + DAY, 2)
    assert promising.finish(done, ActionStatus.DONE, reason=None, by="Ben", now=NOW + 2 * DAY) is done
    with pytest.raises(NotOpen, match="This action item is done; only an open one can be dropped: POST …/reopen"):
        promising.finish(done, ActionStatus.DROPPED, reason="no", by="Ben", now=NOW + 2 * DAY)
    again = promising.reopen(done, now=NOW + 8 * DAY)
    assert (again.status, again.finished_at, again.next_at) == (ActionStatus.OPEN, None, NOW + 14 * DAY)


@pytest.mark.parametrize("due_at", [NOW, NOW - DAY, NOW + 4000 * DAY])
def test_a_due_date_lies_ahead(due_at: datetime) -> None:
    with pytest.raises(InvalidActionItem):
        promising.edited(item(), Promise("x", ANA, Priority.P1, "", due_at), SETTINGS, now=NOW)


def test_what_is_overdue_can_be_edited_and_stays_due_as_it_was() -> None:
    late = NOW + 30 * DAY
    edited = promising.edited(item(), Promise("other words", ANA, Priority.P1, "", NOW + 7 * DAY), SETTINGS, now=late)
    assert (edited.title, edited.due_at, edited.next_at) == ("other words", NOW + 7 * DAY, NOW + 35 * DAY)


# --- owed -------------------------------------------------------------------------------------------------------------------

OWED = Owed(UUID(int=1), 1, "Disk full", None, ANA, NOW, NOW + 5 * DAY, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "at"),
    [
        (NOW - HOUR, None),
        (NOW, NOW),
        (NOW + 4 * DAY, NOW),
        (NOW + 5 * DAY, NOW + 5 * DAY),
        (NOW + 11 * DAY, NOW + 5 * DAY),
        (NOW + 12 * DAY, NOW + 12 * DAY),
        (NOW + 27 * DAY, NOW + 26 * DAY),
    ],
)
def test_who_owes_a_postmortem_is_told_at_the_end_of_the_incident_when_it_is_due_and_weekly(now: datetime, at: datetime | None) -> None:
    assert publishing.reminder_of(OWED, now=now) == at


# --- words ------------------------------------------------------------------------------------------------------------------


@given(st.text(max_size=200))
def test_whatever_somebody_says_is_shown_as_just_these_words(words: str) -> None:
    assert words_of(escaped(words)) == line(words)


@given(st.text(alphabet="#-+=*_`~[]()<>!|\\{}&;:/. 12ab\n\t\"'", max_size=60))
def test_nothing_of_markdown_is_markup_in_what_somebody_says(words: str) -> None:
    assert words_of(escaped(words)) == line(words)
    assert not templates.PLACEHOLDER.search(escaped(words)), "nor is it a placeholder"


@given(st.lists(st.lists(st.text(max_size=40), min_size=3, max_size=3), max_size=5))
def test_a_table_has_exactly_the_cells_that_were_given(rows: list[list[str]]) -> None:
    [found] = blocks_of(table(("A", "B", "C"), rows))
    assert isinstance(found, Table)
    shown = [["".join(span.text for span in cell) for cell in row] for row in found.rows]
    assert shown == [["A", "B", "C"], *([line(cell) for cell in row] for row in rows)]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://tracker.example/pixel.png)",
        "<https://good.example> <iframe src='https://bad.example'>",
        '[x](https://a.example "title\\" onclick=alert(1)")',
    ],
)
def test_html_runs_nothing_and_loads_nothing(text: str) -> None:
    html = as_html(text)
    tags = set(re.findall(r"<\s*/?\s*([a-z0-9]+)", html))
    assert tags <= {"p", "a"}, html
    assert not re.search(r"<[^>]*\b(on\w+|src|style)\s*=", html)
    assert all(address.startswith("https://") for address in re.findall(r'href="([^"]*)"', html))


# --- templates and publishing -----------------------------------------------------------------------------------------------


def test_a_template_names_every_placeholder_that_there_is_not_at_once() -> None:
    with pytest.raises(InvalidPostmortem) as refused:
        templates.check("{{title}} {{tilte}} {{ x.__class__ }} {{}}")
    assert [sentence for _, sentence in refused.value.faults] == [
        "There is no placeholder {{}}.",
        "There is no placeholder {{tilte}}.",
        "There is no placeholder {{x.__class__}}.",
    ]
    templates.check(templates.USUAL)


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert templates.fill("{{a}} {{ b }} {{c}}", {"a": "{{b}}", "b": "B"}) == "{{b}} B {{c}}"


def test_a_mark_keeps_it_from_being_published_and_is_found_under_its_heading() -> None:
    body = "[to fill in]\n# A\nfine\n## B\n#7: it was critical.\n[to fill in] x\n[to fill in]\n## C\nfine"
    with pytest.raises(InvalidPostmortem) as refused:
        publishing.check_finished(Text("t", body))
    assert [sentence for _, sentence in refused.value.faults] == [
        "Under “the beginning” something is left to fill in.",
        "Under “B” something is left to fill in.",
    ]
    publishing.check_finished(Text("t", "# A\nfine"))


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_661, "1 h 1 min 1 s"), (90_000, "1 d 1 h"), (0.4, "0 s")]
)
def test_how_long(seconds: float, words: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == words
