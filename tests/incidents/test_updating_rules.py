"""Which entries of a timeline are news to those who were paged, and in which words."""

import pytest
from tests.incidents.building import ANA, BEN, NOW, PROMETHEUS, incident

from oncall.incidents.rules.updating import news_of, triggered_again
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import IncidentId
from oncall.notifications.values.updating import News
from oncall.timeline.values import Entry, Kind

ID = incident().id
KEY = Actor(ActorKind.API_KEY, None, "deploy", "api")


def entry(kind: Kind, actor: Actor = ANA, **detail: object) -> Entry:
    return Entry(ID, NOW, kind, actor, "the reason", detail)


@pytest.mark.parametrize(
    ("what", "one", "said"),
    [
        ("a person", entry(Kind.ACKNOWLEDGED), "acknowledged by Ana"),
        ("a person who puts it off", entry(Kind.SNOOZED), "snoozed by Ana"),
        ("a program", entry(Kind.RESOLVED, KEY), "resolved by deploy"),
        ("a monitor", entry(Kind.RESOLVED, PROMETHEUS), "resolved by monitor prometheus"),
        ("a monitor whose problem is back", entry(Kind.REOPENED, PROMETHEUS), "reopened by monitor prometheus"),
        ("nobody", entry(Kind.RESOLVED, ENGINE), "resolved"),
        ("one that flapped, and has settled", entry(Kind.SETTLED, ENGINE, status="resolved"), "resolved"),
        ("into another", entry(Kind.MERGED, merged_into=12), "merged into #12"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_in_which_words(what: str, one: Entry, said: str) -> None:
    by = ANA.id if one.actor is ANA else None
    assert news_of([one]) == [News(ID, said.partition(" ")[0], said, "the reason", by)]


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.RESOLVED, Kind.REOPENED, Kind.MERGED}))
def test_nothing_else_is_news(kind: Kind) -> None:
    assert news_of([entry(kind, status="triggered")]) == []


def test_of_each_incident_the_last_is_told() -> None:
    other = Entry(IncidentId(BEN.id or ID), NOW, Kind.RESOLVED, BEN, "the reason")
    news = news_of([entry(Kind.ACKNOWLEDGED), other, entry(Kind.RESOLVED, PROMETHEUS)])
    assert [one.said for one in news] == ["resolved by monitor prometheus", "resolved by Ben"]


@pytest.mark.parametrize("kind", [Kind.UNACKNOWLEDGED, Kind.ACK_TIMEOUT, Kind.SNOOZE_ENDED, Kind.SETTLED])
def test_what_pages_again_is_no_news_but_ends_what_was_to_be_said(kind: Kind) -> None:
    assert triggered_again([entry(Kind.PAGED), entry(kind, status="triggered")]) == [ID]
