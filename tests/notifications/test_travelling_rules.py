"""`semantics.md` §5: "At once, never throttled or bundled: the first page of a service to a person, a rise, every escalated or
re-triggered page. Others may wait up to PT60S and travel as one message. Storm: more than 10 incidents in PT5M to one person: the list
now, a digest each PT5M, a new critical at once."
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.ids import IncidentId, NotificationId, PageId, UserId
from oncall.notifications.rules.travelling import gravest, headline, plan_travels, printed, put_together
from oncall.notifications.values import Claimed, NewPage, Page, Step, Subject
from oncall.notifications.values.travelling import LONGEST_WAIT, MOST_TOGETHER, STORM, Lately, Pace, Printed, Travel

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA, BEN = UserId(UUID(int=1)), UserId(UUID(int=2))
SECOND = timedelta(seconds=1)
BY_HAND = "it was escalated, has risen or was triggered again"


@dataclass(frozen=True)
class Earlier:
    """A page to a person, made a short while ago: it went, or goes, at `goes_at`."""

    incident_id: IncidentId
    service: str
    made_at: datetime
    goes_at: datetime
    pace: Pace
    urgency: str


def summed(pages: Iterable[Earlier], urgency: str, about: Iterable[IncidentId], *, now: datetime) -> Lately:
    """What the store makes of them with one statement (`test_lately.py` compares the two)."""
    its = [one for one in pages if one.urgency == urgency]
    storm = [one for one in its if now - one.made_at < STORM]
    alone = [one.goes_at for one in its if one.pace is not Pace.DIGEST]
    incidents = {one.incident_id for one in storm}
    return Lately(
        len(incidents),
        frozenset(incidents & set(about)),
        frozenset(one.service for one in storm),
        sum(timedelta(0) <= now - at < LONGEST_WAIT for at in alone),
        max(alone, default=None),
        max((one.goes_at for one in its if one.pace is Pace.DIGEST), default=None),
    )


def subject(number: int, *, service: str = "db", severity: str = "error", urgency: str = "high", source: str = "") -> Subject:
    return Subject(number, f"e{number}", service, severity, urgency, NOW + number * SECOND, source)


def new(n: int, *, cycle: int = 1, round: int = 1, step: int = 0, user: UserId = ANA, **more: str) -> NewPage:
    return NewPage(IncidentId(UUID(int=n)), user, cycle, round, step, "on call", NOW, subject(n, **more))


def earlier(
    n: int, ago: float, *, service: str = "db", pace: Pace = Pace.AT_ONCE, goes_in: float | None = None, urgency: str = "high"
) -> Earlier:
    at = NOW - timedelta(seconds=ago)
    return Earlier(IncidentId(UUID(int=n)), service, at, at if goes_in is None else NOW + timedelta(seconds=goes_in), pace, urgency)


def decided(page: NewPage, *earlier: Earlier) -> Travel:
    lately = {(page.user_id, urgency): summed(earlier, urgency, [page.incident_id], now=NOW) for urgency in ("high", "low")}
    return plan_travels({PageId(UUID(int=9)): page}, lately, now=NOW)[PageId(UUID(int=9))]


THREE = tuple(earlier(n, 10 * n) for n in (1, 2, 3))
TEN = tuple(earlier(n, 100 + n) for n in range(1, 11))
LOW = (*(replace(one, urgency="low") for one in TEN), earlier(11, 40, pace=Pace.DIGEST, urgency="low"))
LIST_NOW = "storm: 11 incidents in 5 minutes; the list of them goes now"


def at_once(why: str) -> Travel:
    return Travel(Pace.AT_ONCE, timedelta(0), f"at once, since {why}")


@pytest.mark.parametrize(
    ("what", "travel", "expected"),
    [
        ("the first page of a service", decided(new(9)), at_once("it is the first page about db")),
        ("also behind three of another", decided(new(9, service="web"), *THREE), at_once("it is the first page about web")),
        ("a service it was paged for long ago", decided(new(9), earlier(1, 301)), at_once("it is the first page about db")),
        ("the second and third of a minute", decided(new(9), *THREE[:2]), at_once("there were fewer than 3 within a minute before it")),
        (
            "the fourth waits until the minute is over that began with the last",
            decided(new(9), *THREE),
            Travel(Pace.WAITS, 50 * SECOND, "waits 50 s, to travel with others: there were 3 pages within a minute before it"),
        ),
        (
            "with those that wait already",
            decided(new(9), *THREE, earlier(4, 5, pace=Pace.WAITS, goes_in=20)),
            Travel(Pace.WAITS, 20 * SECOND, "waits 20 s, to travel with others: there were 3 pages within a minute before it"),
        ),
        ("a minute later there is nothing to wait for", decided(new(9), *(earlier(n, 60) for n in (1, 2, 3))).pace, Pace.AT_ONCE),
        ("what is escalated never waits", decided(new(9, step=1), *THREE), at_once(BY_HAND)),
        ("nor a later round", decided(new(9, round=2), *THREE), at_once(BY_HAND)),
        ("nor what rose, or was triggered again", decided(new(9, cycle=2), *THREE), at_once(BY_HAND)),
        ("ten incidents in five minutes are no storm", decided(new(10), *TEN[:9]).pace, Pace.AT_ONCE),
        ("eleven are: the list now", decided(new(11), *TEN), Travel(Pace.DIGEST, timedelta(0), LIST_NOW)),
        ("also of a service of which it is the first", decided(new(11, service="web"), *TEN).pace, Pace.DIGEST),
        (
            "then a digest each five minutes",
            decided(new(12), *TEN, earlier(11, 40, pace=Pace.DIGEST)),
            Travel(Pace.DIGEST, 260 * SECOND, "storm: 12 incidents in 5 minutes; waits 260 s for the next list, one each five minutes"),
        ),
        (
            "with those that wait for it already",
            decided(new(13), *TEN, earlier(12, 299, pace=Pace.DIGEST, goes_in=1)).wait,
            SECOND,
        ),
        ("five minutes after the last list another one", decided(new(12), *TEN, earlier(11, 300, pace=Pace.DIGEST)).wait, timedelta(0)),
        (
            "a new critical at once",
            decided(new(12, severity="critical"), *TEN, earlier(11, 40, pace=Pace.DIGEST)),
            Travel(Pace.STORM_CRITICAL, timedelta(0), "storm: 12 incidents in 5 minutes; at once, since it is a new critical one"),
        ),
        (
            "what is escalated at once, with the others of that moment",
            decided(new(12, step=1), *TEN, earlier(11, 40, pace=Pace.DIGEST)),
            Travel(Pace.STORM_AT_ONCE, timedelta(0), f"storm: 12 incidents in 5 minutes; at once, since {BY_HAND}"),
        ),
        ("nothing of high urgency waits for a storm of low", decided(new(12), *LOW), at_once("it is the first page about db")),
        ("which goes on for what is low", decided(new(12, urgency="low"), *LOW).wait, 260 * SECOND),
        ("the storm of another person is none", decided(new(11, user=BEN)).pace, Pace.AT_ONCE),
        ("many pages about ten incidents are no storm", decided(new(10, step=1), *TEN, *TEN).pace, Pace.AT_ONCE),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_when_a_page_goes(what: str, travel: object, expected: object) -> None:
    assert travel == expected


def test_those_of_one_set_count_for_each_other() -> None:
    pages = {PageId(UUID(int=n)): new(n) for n in range(1, 15)}
    paces = [travel.pace for travel in plan_travels(pages, {}, now=NOW).values()]
    assert paces == [Pace.AT_ONCE] * 3 + [Pace.WAITS] * 7 + [Pace.DIGEST] * 4


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 600), st.sampled_from(Pace), st.integers(0, 300)), max_size=40),
    st.integers(0, 1),
    st.integers(1, 2),
    st.sampled_from(["critical", "error"]),
)
def test_nobody_waits_longer_than_said_and_what_must_not_wait_does_not(
    lately: list[tuple[int, int, Pace, int]], step: int, cycle: int, severity: str
) -> None:
    known = [earlier(n, ago, pace=pace, goes_in=min(ahead, 300 - ago) if ahead and ago < 300 else None) for n, ago, pace, ahead in lately]
    travel = decided(new(99, step=step, cycle=cycle, severity=severity), *known)
    assert timedelta(0) <= travel.wait <= (STORM if travel.pace is Pace.DIGEST else LONGEST_WAIT)
    if (cycle, step) != (1, 0):
        assert travel.wait == timedelta(0)
    if travel.pace is Pace.AT_ONCE:
        assert travel.wait == timedelta(0)
    assert travel.reason


# --- which become one message -----------------------------------------------------------------------------------------------


def claimed(n: int, *, method: int = 1, together: bool = True, urgency: str = "high", incident: int | None = None) -> Claimed:
    page = Page(Step(IncidentId(UUID(int=incident or n)), 1, 1, 0), "on call", replace(subject(n), urgency=urgency))
    id = NotificationId(UUID(int=n))
    return Claimed(id, ANA, "Ana", 1, "email", "a@x", NOW, 1, False, NOW, page, UUID(int=method), together)


@pytest.mark.parametrize(
    ("what", "taken", "messages"),
    [
        ("what may travel, to one contact method", [claimed(2), claimed(1), claimed(3)], [[1, 2, 3]]),
        ("each contact method its own", [claimed(1), claimed(2, method=2)], [[1], [2]]),
        ("what goes at once goes by itself", [claimed(1), claimed(2, together=False)], [[2], [1]]),
        ("high and low urgency apart", [claimed(1), claimed(2, urgency="low")], [[1], [2]]),
    ],
)
def test_what_becomes_one_message(what: str, taken: list[Claimed], messages: list[list[int]]) -> None:
    assert [[one.id.int for one in bundle] for bundle in put_together(taken)] == messages


def test_a_message_is_read_on_a_phone() -> None:
    assert [len(bundle) for bundle in put_together([claimed(n) for n in range(1, MOST_TOGETHER + 12)])] == [MOST_TOGETHER, 11]


def test_each_incident_is_listed_once_as_of_its_latest_step() -> None:
    first, again = (Page(Step(IncidentId(UUID(int=1)), 1, 1, step), "on call", subject(1)) for step in (0, 1))
    other = Page(Step(IncidentId(UUID(int=2)), 2, 1, 0), "on call", subject(2))
    assert printed([other, again, first]) == [again, other]
    assert Printed(other.step.incident_id, 2, 1).cycle == 2


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        ([subject(1, source="db-01"), subject(2, source="db-01", service="web")], "2 incidents on db-01"),
        ([subject(1, source="db-01"), subject(2, source="db-02")], "2 incidents on db"),
        ([subject(1), subject(2), subject(3, service="web")], "3 incidents on 2 services"),
    ],
)
def test_what_they_have_in_common_is_the_headline(subjects: list[Subject], expected: str) -> None:
    assert headline([Page(Step(IncidentId(UUID(int=s.number)), 1, 1, 0), "on call", s) for s in subjects]) == expected


def test_a_list_is_as_bad_as_the_worst_on_it() -> None:
    severities = ("warning", "critical", "unknown", "info", "error")
    pages = [Page(Step(IncidentId(UUID(int=n)), 1, 1, 0), "on call", subject(n, severity=said)) for n, said in enumerate(severities)]
    assert [gravest(pages), gravest(pages[2:4])] == ["critical", "unknown"]
