"""Why was I (not) paged: the whole path of an incident in sentences, in the order of time. Pure: the record in, sentences out."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta

from oncall.incidents.rules.recounting import causes_first, message_line, names_in, position_of, sentence, step_of, told_of, words_of
from oncall.incidents.values import EventSeen, Incident, Status
from oncall.incidents.values.whole_path import OTHERWISE, Ahead, Known, Sentence, WholePath
from oncall.notifications.values import AttemptOutcome, Notification
from oncall.notifications.values import Status as MessageStatus
from oncall.timeline.values import Kind, Recorded

NEVER_TRIED = {MessageStatus.PENDING, MessageStatus.SENDING, MessageStatus.CANCELLED, MessageStatus.BUNDLED, MessageStatus.FAILED}

DOES = {
    "escalate": "if nobody acts, the next step fires",
    "remind": "if nobody acts, a reminder of low urgency",
    "retry": "if nobody acts, the policy is tried again from its first step",
    "release": "it is looked at whether anything still holds it; if nothing does, it goes on",
    "break_through": "the news since the acknowledgement is told",
    "settle": "it counts as settled, unless its alerts change before",
    "rise": "the support hours of its service begin: it becomes urgent, and pages",
    "retrigger": "if nobody does anything about it, it is triggered again",
    "auto_resolve": "its alerts are over by silence, unless their monitor speaks before",
    "close": "it is closed, since the reopen window ends",
}
AS_NOW = "as schedules and contact methods are now"
OF_ITSELF = {Kind.STEP_FIRED, Kind.CLOSED, Kind.ACK_TIMEOUT, Kind.RELEASED}
"""What the first words of what comes next have said already."""


def tell(known: Known) -> WholePath:
    """Everything the record says, oldest first, and what comes next."""
    return WholePath(known.seen, _past(known), [*_next(known.seen.incident, known.ahead), *_otherwise(known)])


# --- what happened ----------------------------------------------------------------------------------------------------------


def _past(known: Known) -> list[Sentence]:
    told = [*_event(known.event)] if known.event else []
    recorded, names = set(), names_in(known.entries, known.messages)
    for one in causes_first(known.entries):
        told += _entry(one, known, names)
        recorded.add((one.entry.detail.get("notification_id"), one.entry.detail.get("attempt")))
    for message in known.messages:
        told += _unrecorded(message, recorded)
    told.sort(key=lambda one: one.at)  # what is of one instant stays in this order
    if known.is_cut:
        last = known.entries[-1].entry.at
        told.append(Sentence(last, "cut", "More happened than is told here: the rest is in its timeline.", {}))
    return told


def _event(event: EventSeen) -> Iterator[Sentence]:
    why = f", since {event.reason}" if event.reason else ""
    words = f'event "{event.summary}" of severity {event.severity.value}, dedup key "{event.dedup_key}": {event.decision.value}{why}'
    yield Sentence(event.received_at, "event", sentence(words), {"event_id": f"{event.id}", "decision": event.decision.value})


def _entry(one: Recorded, known: Known, names: Collection[str]) -> Iterator[Sentence]:
    entry = one.entry
    its = {"timeline_entry_id": f"{one.id}", "actor": entry.actor.name, **entry.detail}
    match entry.kind:
        case Kind.OPENED:
            yield Sentence(entry.at, entry.kind.value, sentence(_opened(one, known.seen.incident)), its)
        case Kind.STEP_FIRED:
            yield Sentence(entry.at, entry.kind.value, f"{sentence(entry.reason)}{_pointed_at(entry.detail)}", its)
        case Kind.PAGED:
            yield Sentence(entry.at, entry.kind.value, f"{told_of(one, entry.reason, names)}{_by_ways(entry.detail)}", its)
            yield from _waiting(one, known.messages)
        case Kind.SENT | Kind.SEND_FAILED:
            nth = entry.detail.get("attempt")
            tried = f"try {nth}: " if isinstance(nth, int) and nth > 1 else ""
            yield Sentence(entry.at, entry.kind.value, sentence(f"{tried}{entry.reason}"), its)
        case Kind.ACKNOWLEDGED:
            late = f"{entry.reason}, {_lasting(entry.at - known.seen.incident.triggered_at)} after it was triggered"
            yield Sentence(entry.at, entry.kind.value, sentence(words_of(one).replace(entry.reason, late, 1)), its)
        case _:
            yield Sentence(entry.at, entry.kind.value, told_of(one, words_of(one), names), its)


def _opened(one: Recorded, incident: Incident) -> str:
    """What was decided when it opened; of one that opened before that was written down, what the incident says."""
    detail = one.entry.detail
    because = detail.get("urgency_because")
    urgency = detail.get("urgency", incident.urgency.value)
    on = f" on service {service}" if (service := detail.get("service")) else ""
    how = f", {urgency} urgency{f' since {because}' if because else ''}"
    severity = f", severity {detail['severity']}" if "severity" in detail else ""
    group = f"; grouped by {detail['group']}" if detail.get("group") else ""
    return f"incident opened{on} by {one.entry.actor.name}, {one.entry.reason}{severity}{how}{group}"


def _pointed_at(detail: Mapping[str, object]) -> str:
    """Everybody a step meant, and why nobody where it meant nobody."""
    targets = detail.get("considered")
    if not isinstance(targets, list) or not targets:
        return ""
    return " It points at " + "; ".join(_target(target) for target in targets) + "."


def _target(target: Mapping[str, object]) -> str:
    users = target.get("users")
    names = [str(user.get("name") or "somebody who no longer exists") for user in users] if isinstance(users, list) else []
    return f"{', '.join(names)} ({target.get('why')})" if names else f"nobody ({target.get('why')})"


def _by_ways(detail: Mapping[str, object]) -> str:
    ways = detail.get("ways")
    if not isinstance(ways, list):
        return ""
    listed = ", ".join(f"by {way['channel']} ({way['address']}) {way['after']}" for way in ways)
    because = detail.get("because")
    return f" {sentence(f'{listed}: {because}')}"


def _waiting(one: Recorded, messages: Iterable[Notification]) -> Iterator[Sentence]:
    """Those messages of a page that no try tells of: they wait still, or were cancelled before."""
    user_id = one.entry.detail.get("user_id")
    for message in messages:
        if f"{message.user_id}" != user_id or step_of(message) != position_of(one):
            continue
        if message.status in NEVER_TRIED and not (message.status is MessageStatus.FAILED and message.attempts):
            refs: dict[str, object] = {**message_line(message).refs, "status": message.status.value}
            yield Sentence(one.entry.at, "message", message_line(message).sentence, refs)


def _unrecorded(message: Notification, recorded: set[tuple[object, object]]) -> Iterator[Sentence]:
    """Tries that left no entry: their sender did not report in time, or the message had been cancelled while it was on the wire."""
    to = f"{message.user_name} by {message.channel} ({message.address})"
    for attempt in message.attempts:
        if (f"{message.id}", attempt.number) in recorded:
            continue
        what = "sent" if attempt.outcome is AttemptOutcome.SENT else attempt.outcome.value.replace("_", " ")
        refs: dict[str, object] = {"notification_id": f"{message.id}", "attempt": attempt.number, "outcome": attempt.outcome.value}
        yield Sentence(attempt.at, "attempt", sentence(f"try {attempt.number} to {to}: {what}: {attempt.detail}"), refs)


# --- what comes next --------------------------------------------------------------------------------------------------------


def _next(incident: Incident, ahead: Iterable[Ahead]) -> Iterator[Sentence]:
    there = list(ahead)
    for one in there:
        text = f"{sentence(DOES.get(one.action.action, one.action.action.replace('_', ' ')))}{_whom(one, 'would be paged')}"
        yield Sentence(one.action.at, one.action.action, text, _detail(one))
    if not there:
        rest = "acknowledge or resolve it" if incident.status is Status.TRIGGERED else "it waits for people"
        if incident.status is Status.CLOSED:
            rest = "it is closed"
        yield Sentence(incident.closed_at or incident.escalation_since, "nothing", f"Nothing more happens by itself: {rest}.", {})


def _otherwise(known: Known) -> Iterator[Sentence]:
    one = known.otherwise
    if one is not None:
        text = f"Had nobody acknowledged it, the next step would have fired.{_whom(one, 'would have been paged')}"
        yield Sentence(one.action.at, OTHERWISE, text, _detail(one))


def _whom(one: Ahead, verb: str) -> str:
    """With today's schedules and contact methods: whom that reaches, and whom not."""
    words = [note.reason for note in one.notes if note.kind not in OF_ITSELF]
    words += [f"{one.names.get(page.user_id, 'somebody')} {verb}: {page.reason}" for page in one.pages]
    return f" {sentence(f'{AS_NOW}: ' + '; '.join(words))}" if words else ""


def _detail(one: Ahead) -> dict[str, object]:
    return {
        "pages": [{"user_id": f"{page.user_id}", "name": one.names.get(page.user_id), "because": page.reason} for page in one.pages],
        "notes": [{"kind": note.kind, "because": note.reason} for note in one.notes],
    }


def _lasting(time: timedelta) -> str:
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes), f"{seconds} s" * (not hours and (bool(seconds) or not minutes))]
    return " ".join(part for part in parts if part)
