"""Whom messages name, who may change them, and what bridges do by themselves."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.communications.rules import bridges, rooms
from oncall.communications.values.bridges import (
    BadBridge,
    Bridge,
    BridgeDecision,
    BridgeFrom,
    CloseBridge,
    LeaveBridge,
    OpenBridge,
    RoomSettings,
)
from oncall.communications.values.rooms import (
    Mentioned,
    MessageDeleted,
    MessageId,
    NotYourMessage,
    RoomMessage,
    TooManyMentioned,
)
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import IncidentId, UserId

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA, BEN = (Actor(ActorKind.USER, UUID(int=n), name, "api") for n, name in ((1, "Ana"), (2, "Ben")))
INCIDENT = IncidentId(UUID(int=9))
ID = "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0001"
USER = UserId(UUID(ID))


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("an address", "@ana@example.com look", Mentioned(("ana@example.com",), ())),
        ("an id", f"ask @{ID}, please", Mentioned((), (USER,))),
        ("at the end of a sentence", "look, @ana@example.com.", Mentioned(("ana@example.com",), ())),
        ("in brackets, and in capitals", "(@Ana@Example.com)", Mentioned(("ana@example.com",), ())),
        ("each once, in order", "@b@x.org @a@x.org @b@x.org", Mentioned(("b@x.org", "a@x.org"), ())),
        ("an address by itself names nobody", "write to ana@example.com", Mentioned((), ())),
        ("what code says is not meant", "`@ana@example.com` ```\n@ben@example.com\n```", Mentioned((), ())),
        ("a name without a host is nobody's", "@ana", Mentioned((), ())),
        ("part of a longer id is none", f"@{ID}0", Mentioned((), ())),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_mentioned(what: str, text: str, expected: Mentioned) -> None:
    assert rooms.mentioned(text) == expected


def test_more_than_ten_are_refused() -> None:
    assert len(rooms.mentioned(" ".join(f"@p{n}@x.org" for n in range(10))).emails) == 10
    with pytest.raises(TooManyMentioned):
        rooms.mentioned(" ".join(f"@p{n}@x.org" for n in range(11)))


@given(st.text())
def test_a_line_is_one_line_within_its_limit(text: str) -> None:
    line = rooms.one_line(text)
    assert len(line) <= rooms.LINE_LIMIT
    assert line.isprintable()


@given(
    st.lists(st.integers(1, 6).map(lambda n: UserId(UUID(int=n))), unique=True),
    st.sets(st.integers(1, 6)),
    st.sets(st.integers(1, 6)),
    st.booleans(),
)
def test_whoever_is_named_is_paged_or_told_never_both_and_nobody_for_their_own(
    people: list[UserId], asked: set[int], already: set[int], is_open: bool
) -> None:
    before, known = {UserId(UUID(int=n)) for n in asked}, {UserId(UUID(int=n)) for n in already}
    paged, told = rooms.told_and_paged(people, by=ANA, asked_before=before, is_open=is_open, already=known)
    assert set(paged) | set(told) == set(people) - known - {ANA.id}
    assert not set(paged) & set(told)
    assert not set(paged) & before
    assert is_open or not paged


def message(**changes: object) -> RoomMessage:
    return replace(RoomMessage(MessageId(UUID(int=5)), INCIDENT, 3, "as it was", ANA, NOW), **changes)  # type: ignore[arg-type]


def test_an_edit_keeps_whom_it_named_and_raises_the_version() -> None:
    after = rooms.edited(message(mentions=(USER,)), "otherwise", ANA, [UserId(UUID(int=7))], now=NOW)
    assert after == message(text="otherwise", edited_at=NOW, mentions=(USER, UUID(int=7)), version=2)
    assert rooms.edited(message(), "as it was", ANA, [], now=NOW) is None


def test_who_may_change_a_message() -> None:
    gone = message(text="", deleted_at=NOW, deleted_by=ANA)
    with pytest.raises(NotYourMessage):
        rooms.edited(message(), "otherwise", BEN, [], now=NOW)
    with pytest.raises(MessageDeleted):
        rooms.edited(gone, "otherwise", ANA, [], now=NOW)
    with pytest.raises(NotYourMessage):
        rooms.deleted(message(), BEN, is_admin=False, now=NOW)
    assert rooms.deleted(message(), BEN, is_admin=True, now=NOW) == message(text="", deleted_at=NOW, deleted_by=BEN, version=2)
    assert rooms.deleted(gone, ANA, is_admin=False, now=NOW) is None


LINK = "https://meet.example.com/oncall"
OPEN = Bridge(INCIDENT, LINK, ENGINE, NOW)
CLOSED = replace(OPEN, closed_by=ENGINE, closed_at=NOW)
BY_HAND = replace(OPEN, closed_by=BEN, closed_at=NOW)
SAYS = RoomSettings(bridge="https://meet.example.com/{number}-{random}", bridge_from=BridgeFrom.P2)
FROM_P4, NEVER = replace(SAYS, bridge_from=BridgeFrom.P4), replace(SAYS, bridge_from=BridgeFrom.NEVER)


@pytest.mark.parametrize(
    ("what", "bridge", "settings", "priority", "is_major", "is_over", "expected"),
    [
        ("P2 opens", None, SAYS, "P2", False, False, OpenBridge("https://meet.example.com/7-r", "it is P2")),
        ("P1 as well", None, SAYS, "P1", False, False, OpenBridge("https://meet.example.com/7-r", "it is P1")),
        ("P3 does not", None, SAYS, "P3", False, False, LeaveBridge("bridges open from P2 on, and this is P3")),
        ("without a priority none", None, SAYS, None, False, False, LeaveBridge("bridges open from P2 on, and this has no priority")),
        ("a major one opens", None, SAYS, None, True, False, OpenBridge("https://meet.example.com/7-r", "it is a major incident")),
        ("from P4 on", None, FROM_P4, "P4", False, False, OpenBridge("https://meet.example.com/7-r", "it is P4")),
        ("never", None, NEVER, "P1", False, False, LeaveBridge("bridges never open by themselves, and this is P1")),
        ("no link", None, RoomSettings(), "P1", False, False, LeaveBridge("neither its service nor its team has a bridge")),
        ("open already", OPEN, SAYS, "P1", False, False, LeaveBridge("it is open")),
        ("open, and less grave by now", OPEN, SAYS, "P4", False, False, LeaveBridge("it is open")),
        ("over: it closes", OPEN, SAYS, "P1", False, True, CloseBridge("the incident is over")),
        ("over: nothing to close", CLOSED, SAYS, "P1", False, True, LeaveBridge("the incident is over")),
        ("reopened: the same one", CLOSED, SAYS, "P1", False, False, OpenBridge(LINK, "it is P1")),
        ("closed by hand stays closed", BY_HAND, SAYS, "P1", False, False, LeaveBridge("Ben closed it")),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)  # fmt: skip
def test_decide_bridge(
    what: str,
    bridge: Bridge | None,
    settings: RoomSettings,
    priority: str | None,
    is_major: bool,
    is_over: bool,
    expected: BridgeDecision,
) -> None:
    decided = bridges.decide_bridge(bridge, settings, priority=priority, is_major=is_major, is_over=is_over, number=7, random="r")
    assert decided == expected


@given(st.sampled_from([None, OPEN, CLOSED, BY_HAND]), st.sampled_from([None, "P1", "P3"]), st.booleans(), st.booleans())
def test_what_was_decided_is_not_decided_again(bridge: Bridge | None, priority: str | None, is_major: bool, is_over: bool) -> None:
    """Or the engine would open and close for ever."""

    def decide(now: Bridge | None) -> BridgeDecision:
        return bridges.decide_bridge(now, SAYS, priority=priority, is_major=is_major, is_over=is_over, number=7, random="r")

    match decide(bridge):
        case OpenBridge(url):
            assert isinstance(decide(Bridge(INCIDENT, url, ENGINE, NOW)), LeaveBridge)
        case CloseBridge():
            assert isinstance(decide(CLOSED), LeaveBridge)
        case LeaveBridge():
            pass


@pytest.mark.parametrize(
    "template",
    ["https://meet.jit.si/oncall-{number}-{random}", "https://meet.example.com", "https://meet.example.com:8443/a?b=c#d"],
)
def test_what_is_a_bridge(template: str) -> None:
    assert bridges.checked_template(template) == template


@pytest.mark.parametrize(
    "template",
    [
        "http://meet.example.com/x",
        "https://",
        "meet.example.com/x",
        "javascript:alert(1)",
        "https://ana:secret@meet.example.com/x",
        "https://{random}.example.com/x",
        "https://meet.example.com/{name}",
        "https://meet.example.com/a b",
        "https://meet.example.com/<x>",
        "https://meet.example.com/{number",
        "https://meet.example.com:x/",
        "https://meet.example.com/" + "x" * 500,
    ],
)
def test_what_is_no_bridge(template: str) -> None:
    with pytest.raises(BadBridge):
        bridges.checked_template(template)


def test_a_service_says_more_than_its_team_which_says_more_than_the_default() -> None:
    team = RoomSettings("https://team.example.com", BridgeFrom.P1, "C0123456789")
    assert bridges.settled(RoomSettings(), RoomSettings()) == RoomSettings(None, BridgeFrom.P2, None)
    assert bridges.settled(RoomSettings(), team) == team
    assert bridges.settled(RoomSettings(bridge=LINK, bridge_from=BridgeFrom.NEVER), team) == RoomSettings(
        LINK, BridgeFrom.NEVER, "C0123456789"
    )
