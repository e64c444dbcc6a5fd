"""The whole path of an incident, by tables: what old records lack, tries that left no entry, each thing that may come next."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.incidents.building import MINUTE, NOW, incident
from tests.incidents.test_explaining_rules import EVENT, WHERE, entry, message

from oncall.contacts.values import ContactMethod, Reach, Urgency
from oncall.escalation.values import (
    EscalationState,
    Note,
    OnDuty,
    People,
    PlannedPage,
    Policy,
    Position,
    Snapshot,
    Step,
    Target,
    TargetType,
)
from oncall.incidents.rules.considering import Considering
from oncall.incidents.rules.whole_path import DOES, tell
from oncall.incidents.values import AlertCounts, Overview, PendingAction, Status
from oncall.incidents.values.whole_path import Ahead, Known
from oncall.kit.ids import ContactMethodId, PolicyId, UserId
from oncall.notifications.values import AttemptOutcome
from oncall.notifications.values import Status as MessageStatus
from oncall.timeline.values import Kind, Recorded

SEEN = Overview(incident(), Position(), "web", None, AlertCounts(1), ())
KNOWN = Known(SEEN, None, (), False, ())


def texts(known: Known) -> list[str]:
    return [one.text for one in tell(known).sentences]


def test_what_an_old_record_lacks_is_left_out() -> None:
    """Of before the update: nobody wrote down whom a step considered, nor by which ways somebody was paged."""
    entries = [
        entry(Kind.OPENED, "alert disk: Disk full"),
        entry(Kind.STEP_FIRED, "step 1 of policy Web fired"),
        entry(Kind.PAGED, "Ana is paged: step 1 of policy Web", **WHERE),
    ]
    assert texts(replace(KNOWN, entries=entries)) == [
        "Incident opened by oncall, alert disk: Disk full, high urgency.",
        "Step 1 of policy Web fired.",
        "Ana is paged: step 1 of policy Web.",
    ]


def test_a_try_that_left_no_entry_is_told_at_its_instant() -> None:
    """Its sender did not report before the lease ran out, or it was cancelled while it was on the wire."""
    paged = entry(Kind.PAGED, "Ana is paged", **WHERE)
    sent = entry(Kind.SENT, "sent to Ana by email", at=NOW + 2 * timedelta(seconds=1), notification_id=str(UUID(int=6)), attempt=2)
    known = replace(KNOWN, entries=[paged, sent], messages=[message(MessageStatus.SENT, AttemptOutcome.UNKNOWN, AttemptOutcome.SENT)])
    assert texts(known) == ["Ana is paged.", "Try 1 to Ana by email (a…@x): unknown: so.", "Try 2: sent to Ana by email."]


LOST = entry(Kind.UNREACHABLE, "nobody paged by step 1 can be reached", **WHERE, step_is_lost=True)
NEXT_STEP = entry(Kind.STEP_FIRED, "step 2 of policy Web fired", cycle=1, round=1, step=1)


@pytest.mark.parametrize(
    ("what", "failed", "expected"),
    [
        ("the try that it follows from", entry(Kind.SEND_FAILED, "cannot be sent", **WHERE), ["Cannot be sent.", "Nobody", "Step 2"]),
        ("a try of another step", entry(Kind.SEND_FAILED, "cannot be sent", **WHERE | {"step": 1}), ["Nobody", "Step 2", "Cannot"]),
        ("one of a later instant", entry(Kind.SEND_FAILED, "cannot be sent", at=NOW + MINUTE, **WHERE), ["Nobody", "Step 2", "Cannot"]),
        ("a message that left us", entry(Kind.SENT, "sent to Ben", **WHERE), ["Nobody", "Step 2", "Sent to Ben"]),
    ],
)
def test_what_failed_is_told_before_what_follows_from_it(what: str, failed: Recorded, expected: list[str]) -> None:
    said = texts(replace(KNOWN, entries=[LOST, NEXT_STEP, failed]))
    assert len(said) == 3
    assert all(text.startswith(begins) for text, begins in zip(said, expected, strict=True)), said


def test_who_could_not_be_reached_when_a_step_fired_is_told_where_it_was_found() -> None:
    found = entry(Kind.UNREACHABLE, "Ana has no verified contact method", **WHERE)
    failed = entry(Kind.SEND_FAILED, "cannot be sent", **WHERE)
    assert texts(replace(KNOWN, entries=[found, NEXT_STEP, failed]))[-1] == "Cannot be sent."


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (MessageStatus.PENDING, "still to be sent"),
        (MessageStatus.SENDING, "on its way"),
        (MessageStatus.CANCELLED, "was cancelled before it left us"),
        (MessageStatus.BUNDLED, "left us in one message with others"),
        (MessageStatus.FAILED, "was not sent"),
    ],
)
def test_a_message_that_was_never_tried_is_told_beside_its_page(status: MessageStatus, says: str) -> None:
    known = replace(KNOWN, entries=[entry(Kind.PAGED, "Ana is paged", **WHERE)], messages=[message(status)])
    assert says in texts(known)[1]
    elsewhere = replace(message(status), step=3)
    assert len(texts(replace(known, messages=[elsewhere]))) == 1, "that is of another page"


def test_it_begins_with_the_event_and_says_where_it_is_cut() -> None:
    known = replace(KNOWN, event=EVENT, entries=[entry(Kind.HELD, "muted", at=NOW + MINUTE)], is_cut=True)
    first, _, last = texts(known)
    assert first == ('Event "Disk full" of severity critical, dedup key "disk": opened, since no alert with this dedup key was open.')
    assert last.startswith("More happened than is told here")


@pytest.mark.parametrize("action", sorted(DOES))
def test_each_thing_that_may_come_next_is_told_with_whom_it_would_page(action: str) -> None:
    user = UserId(UUID(int=1))
    pages = (PlannedPage(user, Position(), "step 1 of policy Web"),)
    ahead = Ahead(PendingAction(action, NOW), pages, (Note("step_skipped", "step 0 reached nobody"),), {user: "Ana"})
    (one,) = tell(replace(KNOWN, ahead=[ahead])).next
    assert one.kind == action
    assert one.text.endswith("now: step 0 reached nobody; Ana would be paged: step 1 of policy Web.")


@pytest.mark.parametrize(
    ("status", "says"),
    [(Status.TRIGGERED, "acknowledge or resolve it"), (Status.ACKNOWLEDGED, "it waits for people"), (Status.CLOSED, "it is closed")],
)
def test_where_nothing_comes_next_it_says_what_to_do(status: Status, says: str) -> None:
    its = replace(SEEN, incident=incident(status=status, escalation_state=EscalationState.STOPPED))
    (one,) = tell(replace(KNOWN, seen=its)).next
    assert one.text == f"Nothing more happens by itself: {says}."


def test_whom_a_step_considered() -> None:
    gone, there, deleted = (Target(TargetType.SCHEDULE, UUID(int=n)) for n in (7, 8, 9))
    policy = Policy(PolicyId(UUID(int=1)), "Web", None, 0, (Step(MINUTE, (gone, there, deleted)),))
    ana, nobody = UserId(UUID(int=1)), UserId(UUID(int=99))
    method = ContactMethod(ContactMethodId(UUID(int=2)), ana, "email", "ana@example.com", NOW, NOW)
    reach = Reach(ana, "Ana", "ana@example.com", (method,))
    duty = {gone: OnDuty((), "nobody is on call in schedule Nights"), there: OnDuty((ana, nobody), "on call in schedule Days")}
    considering = Considering(People(duty, {ana: reach}))
    found = considering.considered(Snapshot(policy), Position(), Urgency.HIGH)
    assert [one["why"] for one in found] == [
        "nobody is on call in schedule Nights", "on call in schedule Days", "this schedule no longer exists",
    ]  # fmt: skip
    users = found[1]["users"]
    assert isinstance(users, list)
    assert [(user["name"], user["reachable"]) for user in users] == [("Ana", True), (None, False)]
    assert considering.considered(Snapshot(policy), Position(step=1), Urgency.HIGH) == [], "past the last step there is nobody"
