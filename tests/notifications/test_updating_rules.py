"""Who is told what has become of an incident: the table is the specification."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from oncall.contacts.values import ContactMethod, Reach
from oncall.kit.ids import ContactMethodId, IncidentId, NotificationId, UserId
from oncall.notifications.rules import decide_expiry, is_news_to, notice_of_update, outdated, way_by
from oncall.notifications.values import Notice, Way
from oncall.notifications.values.updating import About, Earlier, News, Paged

NOW, MINUTE = datetime(2026, 3, 1, 3, tzinfo=UTC), timedelta(minutes=1)
DISK, SITE = IncidentId(UUID(int=1)), IncidentId(UUID(int=2))
ANA, BEN = UserId(UUID(int=3)), UserId(UUID(int=4))
PHONE = ContactMethodId(UUID(int=5))
PAGED = Paged(DISK, ANA, PHONE, NOW)
ACKNOWLEDGED = News(DISK, "acknowledged", "acknowledged by Ben", "acknowledged by Ben through link", BEN)
RESOLVED = News(DISK, "resolved", "resolved by monitor prometheus", "every alert is resolved", None)


def told(news: News, *, left: datetime | None = None, n: int = 1) -> Earlier:
    return Earlier(NotificationId(UUID(int=n)), news.incident_id, PHONE, news.said, left, is_to_leave=left is None, is_leaving=False)


def leaving(news: News, *, cancelled: bool = False) -> Earlier:
    return replace(told(news), is_to_leave=not cancelled, is_leaving=True)


@pytest.mark.parametrize(
    ("what", "news", "earlier", "expected"),
    [
        ("whoever was paged is told", ACKNOWLEDGED, [], True),
        ("whoever did it knows", replace(ACKNOWLEDGED, by=ANA), [], False),
        ("a monitor is nobody who was paged", RESOLVED, [], True),
        ("what is on its way is not said twice", ACKNOWLEDGED, [told(ACKNOWLEDGED)], False),
        ("what was said after the page is not said twice", ACKNOWLEDGED, [told(ACKNOWLEDGED, left=NOW + MINUTE)], False),
        ("what was said before the page is said again", ACKNOWLEDGED, [told(ACKNOWLEDGED, left=NOW - MINUTE)], True),
        ("something else is news", RESOLVED, [told(ACKNOWLEDGED, left=NOW + MINUTE)], True),
        ("something else is news, whatever is still to be said", RESOLVED, [told(ACKNOWLEDGED)], True),
        (
            "the same after something else is news",
            ACKNOWLEDGED,
            [told(ACKNOWLEDGED, left=NOW + MINUTE), told(RESOLVED, left=NOW + 2 * MINUTE)],
            True,
        ),
        ("what is on the wire is not said twice", ACKNOWLEDGED, [leaving(ACKNOWLEDGED)], False),
        (
            "the same is news again while something else is on the wire",
            ACKNOWLEDGED,
            [told(ACKNOWLEDGED, left=NOW), leaving(RESOLVED)],
            True,
        ),
        ("also if that was cancelled there", ACKNOWLEDGED, [told(ACKNOWLEDGED, left=NOW), leaving(RESOLVED, cancelled=True)], True),
        (
            "what may have left, and what was said after it",
            RESOLVED,
            [leaving(RESOLVED, cancelled=True), told(ACKNOWLEDGED, left=NOW)],
            True,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_to_whom_it_is_news(what: str, news: News, earlier: Sequence[Earlier], expected: bool) -> None:
    assert is_news_to(PAGED, news, earlier) is expected


@pytest.mark.parametrize(
    ("what", "earlier", "latest", "expected"),
    [
        ("how it stands is still to be said", [told(RESOLVED)], [RESOLVED], []),
        ("how it stood is not", [told(ACKNOWLEDGED, n=1), told(RESOLVED, n=2)], [RESOLVED], [1]),
        ("what has left cannot be taken back", [told(ACKNOWLEDGED, left=NOW)], [RESOLVED], []),
        ("of one that pages again nothing is true any more", [told(ACKNOWLEDGED)], [], [1]),
        ("another incident's news is its own", [told(ACKNOWLEDGED)], [replace(ACKNOWLEDGED, incident_id=SITE)], [1]),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_not_to_be_said_any_more(what: str, earlier: Sequence[Earlier], latest: Sequence[News], expected: list[int]) -> None:
    assert outdated(earlier, {news.incident_id: news for news in latest}) == [UUID(int=n) for n in expected]


@pytest.mark.parametrize(
    ("what", "methods", "by", "expected"),
    [
        ("where they were paged", [(PHONE, "ana@phone", NOW)], PHONE, "ana@phone"),
        ("an address that was removed is told nothing", [], PHONE, None),
        ("nor is one that is not proven", [(PHONE, "ana@phone", None)], PHONE, None),
        ("nor is another one", [(ContactMethodId(UUID(int=6)), "ana@home", NOW)], PHONE, None),
        ("the account's e-mail has the user's own id", [], ANA, "ana@example.com"),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_by_which_way(what: str, methods: list[tuple[ContactMethodId, str, datetime | None]], by: UUID, expected: str | None) -> None:
    its = tuple(ContactMethod(id, ANA, "email", address, verified, NOW) for id, address, verified in methods)
    way = way_by(Reach(ANA, "Ana", "ana@example.com", its), by, now=NOW)
    assert way == (Way(by, "email", expected, 1, NOW, NOW) if expected else None)


@pytest.mark.parametrize(
    ("reason", "said"), [("reopened by Ben: why?", "Reopened by Ben: why?"), ("acknowledged by Kim K.", "Acknowledged by Kim K.")]
)
def test_what_ends_a_sentence_already_gets_no_full_stop(reason: str, said: str) -> None:
    notice = notice_of_update(ANA, replace(ACKNOWLEDGED, reason=reason), About(42, "Disk full", "payments-api"), topic="t", now=NOW)
    assert notice.paragraphs[1] == said


def test_it_says_the_number_first_and_is_of_use_for_a_quarter_of_an_hour() -> None:
    notice = notice_of_update(ANA, ACKNOWLEDGED, About(42, "Disk full", "payments-api"), topic="t", now=NOW)
    assert notice.subject == "#42 acknowledged by Ben: Disk full"
    assert notice.paragraphs == ("payments-api: Disk full", "Acknowledged by Ben through link.", "You were paged for it.")
    about = Notice(notice.kind, notice.urgency, notice.subject, notice.paragraphs, (), NOW, notice.expires_at, update=notice.update)
    assert decide_expiry(about, now=NOW + 15 * MINUTE - timedelta(seconds=1)) is None
    expired = decide_expiry(about, now=NOW + 15 * MINUTE)
    assert expired is not None
    assert expired.code == "expired"
