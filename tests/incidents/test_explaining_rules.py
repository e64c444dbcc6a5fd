"""An event's way in sentences, by tables: every decision, every state of a message, and why nobody was paged."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import ANA, MINUTE, NOW, PROMETHEUS, incident

from oncall.escalation.values import EscalationState
from oncall.incidents.rules import explaining
from oncall.incidents.rules.meanings import MEANS, advice
from oncall.incidents.rules.recounting import instant, names_in, recount
from oncall.incidents.values import Action, AlertSeen, Decision, EventSeen, Severity, Status, Told
from oncall.incidents.values.alerts import AlertAround
from oncall.incidents.values.explaining import Arrival, Line, Stage, Story
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, NotificationId, ServiceId, UserId
from oncall.notifications.values import Attempt, AttemptOutcome, Notification
from oncall.notifications.values import Status as MessageStatus
from oncall.timeline.values import Entry, Kind, Recorded

EVENT = EventSeen(
    EventId(UUID(int=5)), NOW, NOW, IntegrationId(UUID(int=9)), Action.TRIGGER, "disk", Severity.CRITICAL, "Disk full",
    Decision.OPENED, "no alert with this dedup key was open", AlertId(UUID(int=5)), IncidentId(UUID(int=5)), ServiceId(UUID(int=7)),
)  # fmt: skip
CAME = Arrival("prod", "generic", "web", "application/json", 2)
SEEN = AlertSeen(
    AlertId(UUID(int=5)), "disk", True, Severity.CRITICAL, False, "Disk full", Told(), 3, NOW, NOW, None, NOW + MINUTE,
)  # fmt: skip
AROUND = AlertAround(SEEN, ServiceId(UUID(int=7)), IntegrationId(UUID(int=9)), IncidentId(UUID(int=5)), 1, Status.TRIGGERED)
WHERE: dict[str, object] = {"user_id": str(UUID(int=1)), "cycle": 1, "round": 1, "step": 0}


def entry(kind: Kind, reason: str, *, at: Any = NOW, by: Actor = ENGINE, **detail: object) -> Recorded:
    return Recorded(UUID(int=8), 1, Entry(IncidentId(UUID(int=5)), at, kind, by, reason, detail))


def message(status: MessageStatus, *tries: AttemptOutcome, detail: str = "so", **more: Any) -> Notification:
    attempts = tuple(Attempt(n, NOW + n * timedelta(seconds=1), outcome, detail) for n, outcome in enumerate(tries, 1))
    made = Notification(
        NotificationId(UUID(int=6)), IncidentId(UUID(int=5)), UserId(UUID(int=1)), "Ana", "email", "a…@x", status, "",
        1, 1, 0, 1, NOW, attempts,
    )  # fmt: skip
    return replace(made, **more)


def sentences(story: Story, stage: Stage | None = None, *, now: Any = NOW) -> list[str]:
    return [line.sentence for line in explaining.explain(story, now=now) if stage in {None, line.stage}]


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("action", Action)
def test_every_decision_about_every_action_is_told_with_and_without_what_it_met(decision: Decision, action: Action) -> None:
    event = replace(EVENT, decision=decision, action=action)
    bare = replace(event, alert_id=None, incident_id=None, reason="")
    for story in (Story(bare, Arrival(None, None, None, body_gone="gone")), Story(event, CAME, AROUND, incident(), nth=1)):
        lines = explaining.explain(story, now=NOW)
        assert [line.stage for line in lines[:2]] == [Stage.RECEIVED, Stage.READ]
        assert Stage.DECIDED in {line.stage for line in lines}
        assert all(line.sentence[0] not in "abcdefghijklmnopqrstuvwxyz" and line.sentence.endswith((".", "?", "!")) for line in lines)


def test_every_decision_has_its_meaning_and_those_that_did_nothing_an_advice() -> None:
    assert set(MEANS) == set(Decision)
    did = {Decision.OPENED, Decision.REOPENED, Decision.DEDUPLICATED, Decision.ACKNOWLEDGED, Decision.RESOLVED}
    assert {decision for decision in Decision if advice(replace(EVENT, decision=decision), CAME) is None} == did


def test_every_decision_is_in_the_table_of_its_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "decisions-and-states.md").read_text()
    table = page.partition("## What became of an event")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(decision.value for decision in Decision)


GONE = replace(CAME, size=None, body_gone="The body is gone: bodies are kept for 90 days, if nobody deletes them before.")


@pytest.mark.parametrize(
    ("decision", "came", "expected"),
    [
        (Decision.UNREADABLE, CAME, "Look at its body (GET /api/v1/events/"),
        (Decision.UNREADABLE, GONE, "Correct what the monitor sends, or the type or mapping of its integration, and resolve the incident."),
        (
            Decision.UNREADABLE,
            replace(GONE, was_too_large=True),
            "Let its monitor send less at once: the details of its alert (GET /api/v1/alerts/",
        ),
        (Decision.QUARANTINED, CAME, "Look at its body (GET /api/v1/events/"),
        (Decision.QUARANTINED, GONE, "Send it again once it is corrected."),
        (Decision.IGNORED, GONE, "If it should page, change what the monitor sends"),
        (Decision.IGNORED, replace(CAME, only_recorded="it is empty"), "If what cannot be read should page, set `on_unreadable`"),
        (Decision.IGNORED, replace(GONE, only_recorded="it is empty"), "If what cannot be read should page, set `on_unreadable`"),
    ],
)
def test_nobody_is_sent_to_look_at_a_body_that_there_is_not(decision: Decision, came: Arrival, expected: str) -> None:
    [advised] = sentences(Story(replace(EVENT, decision=decision), came), Stage.ADVICE)
    assert advised.startswith(expected)


def test_what_is_only_recorded_says_why_it_could_not_be_read_and_not_what_it_asked_for() -> None:
    event = replace(EVENT, action=Action.IGNORE, decision=Decision.IGNORED, alert_id=None, incident_id=None)
    story = Story(event, replace(CAME, only_recorded="it is empty", reads_as="the dialect of X"))
    assert sentences(story, Stage.READ)[1:] == ["It could not be read: it is empty."]
    assert sentences(story, Stage.SAID) == []
    assert sentences(story, Stage.DECIDED)[1] == "Nobody could read it, and its integration only records such a body: it paged nobody."


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("disk", "."),
        ("m=8 integration=0123abcd", ": made of what its monitor counts, and of its integration, whose own that count is."),
        ("oncall:turned away:x", ": ours, since we speak for what its sender could not say."),
    ],
)
def test_where_a_key_is_from(key: str, expected: str) -> None:
    assert sentences(Story(replace(EVENT, dedup_key=key), CAME), Stage.SAID)[1] == f'Its dedup key is "{key}"{expected}'


def test_an_event_without_a_key_is_a_problem_of_its_own() -> None:
    said = sentences(Story(replace(EVENT, dedup_key=f"{EVENT.id}"), CAME), Stage.SAID)[1]
    assert said.startswith("It names no problem, so its dedup key is its own id")


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("sent", message(MessageStatus.SENT, AttemptOutcome.SENT), "left us at 2026-03-02T12:00:01Z: so."),
        (
            "sent at last",
            message(MessageStatus.SENT, AttemptOutcome.FAILED_TEMP, AttemptOutcome.SENT),
            "left us at 2026-03-02T12:00:02Z at try 2: so.",
        ),
        ("read", message(MessageStatus.READ, AttemptOutcome.SENT), "left us at 2026-03-02T12:00:01Z and was read: so."),
        ("pending", message(MessageStatus.PENDING), "is still to be sent; it is due at 2026-03-02T12:00:00Z."),
        (
            "trying",
            message(MessageStatus.PENDING, *[AttemptOutcome.FAILED_TEMP] * 2),
            "has not left us after 2 tries, the last at 2026-03-02T12:00:02Z, and is tried again: so.",
        ),
        ("on its way", message(MessageStatus.SENDING), "is on its way: a sender has taken it and not reported yet."),
        ("failed", message(MessageStatus.FAILED, AttemptOutcome.FAILED_PERM), "did not get through after one try: so."),
        ("removed", message(MessageStatus.FAILED), "was not sent: the address it was to go to was removed."),
        ("cancelled", message(MessageStatus.CANCELLED), "was cancelled before it left us: its incident needed nobody any more."),
        (
            "a repetition cancelled",
            replace(message(MessageStatus.CANCELLED), nth=2),
            "was cancelled before it left us: a later message took its place, or its incident needed nobody any more.",
        ),
        (
            "cancelled on the wire",
            message(MessageStatus.CANCELLED, AttemptOutcome.SENT),
            "left us at 2026-03-02T12:00:01Z: it was on the wire when its incident needed nobody any more: so.",
        ),
        ("bundled", message(MessageStatus.BUNDLED), "left us in one message with others."),
    ],
)
def test_what_became_of_a_message(what: str, given: Notification, expected: str) -> None:
    paged = entry(Kind.PAGED, "Ana is paged: step 1", **WHERE)
    page, told = recount([paged], [given, replace(given, user_id=UserId(UUID(int=2))), replace(given, step=1)])
    assert page.sentence == "Ana is paged: step 1."
    assert told.sentence == f"The message to Ana by email (a…@x) {expected}"


def test_a_page_without_a_message_says_that_there_was_no_address() -> None:
    assert [line.stage for line in recount([entry(Kind.PAGED, "Ana is paged", **WHERE)], [])] == [Stage.PAGED, Stage.MESSAGE]


LOWER = Actor(ActorKind.USER, UUID(int=1), "thr49050", "api")
ANN = Actor(ActorKind.USER, UUID(int=2), "ann", "api")


@pytest.mark.parametrize(
    ("what", "said", "expected"),
    [
        ("who is paged", entry(Kind.PAGED, "dba is paged: step 1"), "dba is paged: step 1."),
        ("who was paged, and whom nobody reaches", entry(Kind.UNREACHABLE, "thr49050 gets no message"), "thr49050 gets no message."),
        ("who did something", entry(Kind.BRIDGE_OPENED, "thr49050 opened a bridge", by=LOWER), "thr49050 opened a bridge."),
        ("who has a role", entry(Kind.ROLE_SET, "dba is commander"), "dba is commander."),
        ("a longer word that begins as a name does", entry(Kind.HELD, "annual maintenance holds it"), "Annual maintenance holds it."),
        ("words of ours", entry(Kind.STEP_FIRED, "step 1 of policy thr49050 fired"), "Step 1 of policy thr49050 fired."),
    ],
)
def test_a_name_at_the_beginning_of_a_sentence_stays_as_it_is_written(what: str, said: Recorded, expected: str) -> None:
    page, others = entry(Kind.PAGED, "thr49050 is paged: step 1", **WHERE), [entry(Kind.ACKNOWLEDGED, "acknowledged by ann", by=ANN)]
    names = names_in([page, said, *others], [message(MessageStatus.SENT)])
    assert next(line.sentence for line in recount([said], [], names=names)) == expected


OPENED = entry(Kind.OPENED, "alert disk: Disk full", by=PROMETHEUS)
FIRED = entry(Kind.STEP_FIRED, "step 1 fired")
PAGED = entry(Kind.PAGED, "Ana is paged", **WHERE)
ACKED = entry(Kind.ACKNOWLEDGED, "acknowledged by Ana through api", at=NOW + MINUTE, by=ANA, cancelled=2)
AGAIN = entry(Kind.REOPENED, "reopened", at=NOW + 3 * MINUTE)


@pytest.mark.parametrize(
    ("what", "event", "since", "expected"),
    [
        (
            "from the opening until somebody had it",
            EVENT,
            [OPENED, FIRED, PAGED, ACKED, AGAIN],
            ["Alert disk: Disk full.", "Step 1 fired.", "Acknowledged by Ana through api; it cancelled 2 pending messages."],
        ),
        ("a repeat set nothing going", replace(EVENT, id=EventId(UUID(int=99)), decision=Decision.DEDUPLICATED), [FIRED, PAGED], []),
        (
            "one that reopened begins there, whatever else happened at that instant",
            replace(EVENT, id=EventId(UUID(int=99)), decision=Decision.REOPENED),
            [OPENED, AGAIN, FIRED],
            ["Reopened.", "Step 1 fired."],
        ),
    ],
)
def test_what_is_told_to_have_happened_because_of_it(what: str, event: EventSeen, since: list[Recorded], expected: list[str]) -> None:
    assert sentences(Story(event, CAME, AROUND, incident(), since=since), Stage.HAPPENED) == expected


RESOLVED = entry(Kind.RESOLVED, "resolved by prod", cancelled=1)
JOINED = entry(Kind.ALERT_JOINED, "alert net joined it")
TOLD = "Resolved by prod; it cancelled 1 pending message."
NOT_BY_IT = "Its incident was not resolved by it: it was so already, or another of its alerts is not."


@pytest.mark.parametrize(
    ("what", "since", "expected"),
    [
        ("alone", [RESOLVED], [TOLD]),
        ("behind the trigger that opened it", [OPENED, FIRED, PAGED, RESOLVED], [TOLD]),
        ("before the trigger that brings it back", [RESOLVED, AGAIN, FIRED, PAGED], [TOLD]),
        ("beside a trigger that joined", [JOINED], [NOT_BY_IT]),
        ("beside one that made it graver", [entry(Kind.SEVERITY_CHANGED, "severity rose"), FIRED, PAGED], [NOT_BY_IT]),
        (
            "what followed from it is told",
            [RESOLVED, entry(Kind.RESPONDER_CANCELLED, "ana is asked to join no more")],
            [TOLD, "ana is asked to join no more."],
        ),
    ],
)
def test_an_end_is_told_without_what_came_in_the_same_body(what: str, since: list[Recorded], expected: list[str]) -> None:
    together = [replace(one, entry=replace(one.entry, at=NOW)) for one in since]
    ended = replace(EVENT, id=EventId(UUID(int=99)), action=Action.RESOLVE, decision=Decision.RESOLVED)
    story = Story(ended, CAME, AROUND, incident(status=Status.RESOLVED, resolved_at=NOW), since=together)
    assert sentences(story, Stage.HAPPENED) == expected
    assert sentences(story, Stage.PAGED) == []


ROSE = entry(Kind.SEVERITY_CHANGED, "severity rose from warning to critical", severity="critical")


@pytest.mark.parametrize(
    ("what", "severity", "since", "expected"),
    [
        ("its own", Severity.CRITICAL, [ROSE, FIRED], ["Severity rose from warning to critical.", "Step 1 fired."]),
        ("of another in its body", Severity.WARNING, [ROSE, FIRED], []),
        ("before that was recorded", Severity.WARNING, [entry(Kind.SEVERITY_CHANGED, "severity rose")], ["Severity rose."]),
    ],
)
def test_a_rise_is_told_of_the_event_that_brought_it(what: str, severity: Severity, since: list[Recorded], expected: list[str]) -> None:
    event = replace(EVENT, id=EventId(UUID(int=99)), decision=Decision.GROUPED, severity=severity)
    assert sentences(Story(event, CAME, AROUND, incident(), since=since), Stage.HAPPENED) == expected


RELEASED = entry(Kind.RELEASED, "nothing holds it any more")
NEWS = entry(Kind.BROKE_THROUGH, "1 more alert")
HELD = entry(Kind.HELD, "it pages only after 3 triggers")
MERE_REPEAT = "A repeat of an open alert: it was counted, and a repeat pages nobody."
REPEAT = "A repeat of an open alert: it was counted."
MERELY_GROUPED = "A new alert of a problem that is known: it joined the open incident of its group, and pages nobody anew."
GROUPED = "A new alert of a problem that is known: it joined the open incident of its group."
TOLD_OF_NEWS = "A new alert of a problem that somebody has: whoever has it is told, at most once in ten minutes."


@pytest.mark.parametrize(
    ("what", "decision", "since", "means", "pages"),
    [
        ("the one that a threshold waited for", Decision.DEDUPLICATED, [RELEASED, FIRED, PAGED], REPEAT, True),
        ("one that a threshold counts, and goes on waiting", Decision.DEDUPLICATED, [HELD], MERE_REPEAT, False),
        ("one that came with the one that opened it", Decision.DEDUPLICATED, [OPENED, RELEASED, FIRED, PAGED], MERE_REPEAT, False),
        ("one that made it graver", Decision.DEDUPLICATED, [ROSE, FIRED, PAGED], REPEAT, True),
        ("one that broke through", Decision.BROKE_THROUGH, [JOINED, NEWS, FIRED, PAGED], TOLD_OF_NEWS, True),
        ("one that broke through, and nobody could read it", Decision.UNREADABLE, [JOINED, NEWS, FIRED, PAGED], None, True),
        ("a repeat beside one that broke through", Decision.DEDUPLICATED, [JOINED, NEWS, FIRED, PAGED], MERE_REPEAT, False),
        ("one that joined, and was not muted as the others", Decision.GROUPED, [JOINED, RELEASED, FIRED, PAGED], GROUPED, True),
        ("one that joined", Decision.GROUPED, [JOINED], MERELY_GROUPED, False),
    ],
)
def test_who_was_paged_in_the_transaction_of_an_event_was_paged_because_of_it(
    what: str, decision: Decision, since: list[Recorded], means: str | None, pages: bool
) -> None:
    event = replace(EVENT, id=EventId(UUID(int=99)), decision=decision)
    later = [replace(one, entry=replace(one.entry, at=NOW + MINUTE)) for one in (JOINED, NEWS, FIRED, PAGED)]
    story = Story(event, CAME, AROUND, incident(), nth=2, since=[*since, *later])
    said = sentences(story, Stage.PAGED)
    assert any(line == "Ana is paged." for line in said) == pages
    assert any(line.startswith("Nobody was paged because of it") for line in said) != pages
    assert means is None or means in sentences(story, Stage.DECIDED)


@pytest.mark.parametrize(("tell_at", "more"), [(NOW + MINUTE, ", next at 2026-03-02T12:01:00Z."), (None, ".")])
def test_news_that_is_put_off_says_until_when(tell_at: Any, more: str) -> None:
    event = replace(EVENT, id=EventId(UUID(int=99)), decision=Decision.BROKE_THROUGH)
    has_it = incident(status=Status.ACKNOWLEDGED, escalation_reason="acknowledged by Ana", tell_at=tell_at)
    [line] = sentences(Story(event, CAME, AROUND, has_it, since=[JOINED]), Stage.PAGED)
    said = "Nobody was paged because of it at once: whoever has its incident is told of what is new at most once in ten minutes"
    assert line == f"{said}{more}"


REPEATED = "Nobody was paged because of it: a repeat pages nobody; "


@pytest.mark.parametrize(
    ("what", "decision", "nth", "before", "since", "expected"),
    [
        ("of what is unreadable", Decision.UNREADABLE, 2, [PAGED], [], f"{REPEATED}those below had been paged before it."),
        ("that came with the first", Decision.DEDUPLICATED, 2, [], [OPENED, PAGED], f"{REPEATED}those below had been paged before it."),
        ("of what paged nobody", Decision.DEDUPLICATED, 2, [], [], f"{REPEATED}and nobody had been paged before it."),
    ],
)
def test_a_repeat_never_sounds_as_if_a_page_were_still_to_come(
    what: str, decision: Decision, nth: int, before: list[Recorded], since: list[Recorded], expected: str
) -> None:
    event = replace(EVENT, id=EventId(UUID(int=99)), decision=decision)
    said = sentences(Story(event, CAME, AROUND, incident(), nth=nth, before=before, since=since), Stage.PAGED)
    assert said == [expected]


def test_what_is_unreadable_and_comes_back_is_no_repeat() -> None:
    event = replace(EVENT, id=EventId(UUID(int=99)), decision=Decision.UNREADABLE)
    again = replace(AGAIN, entry=replace(AGAIN.entry, at=NOW))
    story = Story(event, CAME, AROUND, incident(), nth=2, since=[again, FIRED, PAGED])
    assert sentences(story, Stage.HAPPENED) == ["Reopened.", "Step 1 fired."]


@pytest.mark.parametrize(
    ("what", "changes", "expected"),
    [
        ("held", {"escalation_state": EscalationState.HELD, "escalation_reason": "muted"}, "so far: its escalation is held, muted."),
        (
            "held, and the reason says so",
            {"escalation_state": EscalationState.HELD, "escalation_reason": "held by the maintenance window “move” of Ana"},
            "so far: its escalation is held by the maintenance window “move” of Ana.",
        ),
        (
            "over before anybody was",
            {"status": Status.RESOLVED, "resolved_at": NOW, "escalation_reason": "resolved by prod"},
            ": it was resolved before anybody was, resolved by prod.",
        ),
    ],
)
def test_why_nobody_was_paged(what: str, changes: dict[str, Any], expected: str) -> None:
    [line] = sentences(Story(EVENT, CAME, AROUND, incident(**changes), since=[OPENED]), Stage.PAGED)
    assert line.startswith("Nobody was paged because of it")
    assert line.endswith(expected)


@pytest.mark.parametrize(
    ("what", "story", "now", "expected"),
    [
        ("stale", Story(EVENT, CAME, AROUND), NOW + MINUTE, "now open; stale: its monitor spoke until then and has said nothing since."),
        ("not yet", Story(EVENT, CAME, AROUND), NOW, "last at 2026-03-02T12:00:00Z; now open."),
    ],
)
def test_an_alert_as_it_is_now(what: str, story: Story, now: Any, expected: str) -> None:
    [line] = sentences(story, Stage.ALERT, now=now)
    assert line.endswith(expected)


def test_of_a_storm_it_is_enough_to_know_that_there_were_many() -> None:
    [line] = sentences(Story(EVENT, CAME, AROUND, nth=10_000, nth_is_least=True), Stage.ALERT)
    assert "trigger number 10,000 or a later one; seen 3 times" in line


def test_a_story_that_is_cut_says_where_the_rest_is() -> None:
    lines = sentences(Story(EVENT, CAME, AROUND, incident(), since=[OPENED, FIRED], is_cut=True), Stage.HAPPENED)
    assert lines[-1] == "More happened since: GET /api/v1/incidents/1/timeline."


def test_an_incident_with_nothing_planned_says_that_somebody_must_act() -> None:
    stuck = incident(escalation_state=EscalationState.EXHAUSTED, step_at=None, next_at=None)
    assert sentences(Story(EVENT, CAME, AROUND, stuck), Stage.NEXT) == ["Nothing more happens by itself: acknowledge or resolve it."]


def test_what_a_monitor_claims_of_the_time_is_told_only_where_it_differs() -> None:
    assert len(sentences(Story(EVENT, CAME), Stage.SAID)) == 2
    late = replace(EVENT, occurred_at=NOW - MINUTE)
    lines = [line for line in explaining.explain(Story(late, CAME), now=NOW) if line.stage is Stage.SAID]
    said = f"By its monitor's clock that was at {instant(NOW - MINUTE)}."
    assert lines[-1] == Line(Stage.SAID, NOW - MINUTE, said, {"event_id": str(late.id)})
