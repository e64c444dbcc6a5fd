"""What happened to an incident near to an event, in sentences: steps, pages, and what became of each message. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from itertools import dropwhile
from typing import assert_never

from oncall.incidents.values.explaining import Line, Stage
from oncall.notifications.values import AttemptOutcome, Notification, Status
from oncall.notifications.values.receipts import ReceiptState
from oncall.timeline.values import Kind, Recorded

ENDS = {Kind.ACKNOWLEDGED, Kind.SNOOZED, Kind.UNACKNOWLEDGED, Kind.ESCALATED, Kind.REASSIGNED, Kind.MERGED, Kind.RESOLVED, Kind.CLOSED}
"""What ends that an event goes on paging people: whatever comes after it has another cause."""

BEGIN_WITH_A_NAME = {
    Kind.RESPONDER_REQUESTED,
    Kind.RESPONDER_ACCEPTED,
    Kind.RESPONDER_DECLINED,
    Kind.RESPONDER_CANCELLED,
    Kind.NOTE_ADDED,
    Kind.ROLE_SET,
    Kind.ROLE_LEFT,
    Kind.VENDOR_ASKED,
    Kind.VENDOR_SAID,
    Kind.REPORTER_ASKED,
    Kind.REPORTER_TOLD,
    Kind.REPORTER_NOT_TOLD,
}
"""Whose reasons say first who it is."""

TOLD_BY_MESSAGES = {Kind.SENT, Kind.SEND_FAILED}


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, to the second, as people read it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def sentence(words: str, *, names: Collection[str] = ()) -> str:
    """With its capital and its full stop. One of `names` stays as it is written, also where a sentence begins with it."""
    words = stopped(words)
    if any(words.startswith(name) and not words[len(name) :][:1].isalnum() for name in names):
        return words
    return f"{words[:1].upper()}{words[1:]}"


def stopped(words: str) -> str:
    """With its full stop, and otherwise as somebody wrote it."""
    words = words.strip()
    return f"{words}{'' if words.endswith(('.', '!', '?', '…')) else '.'}"


def names_in(entries: Sequence[Recorded], messages: Sequence[Notification]) -> frozenset[str]:
    """The names that sentences about these may begin with: of who did something, was paged, or was written to. Before that of a team
    stands a word of ours.
    """
    did = {recorded.entry.actor.name for recorded in entries}
    paged = {one.entry.reason.partition(" is paged")[0] for one in entries if one.entry.kind is Kind.PAGED}
    teams = {message.user_name for message in messages if message.team_id is not None}
    return frozenset(did | paged | {message.user_name for message in messages}) - teams - {""}


def told_of(recorded: Recorded, words: str, names: Collection[str]) -> str:
    """Words about what happened as a sentence."""
    return stopped(words) if recorded.entry.kind in BEGIN_WITH_A_NAME else sentence(words, names=names)


def standing(state: str, reason: str) -> str:
    """A state and why; a reason that begins with the word says both."""
    return reason if reason.startswith(f"{state} ") else f"{state}, {reason}"


def consequences(since: Sequence[Recorded], begins: Kind | None) -> list[Recorded]:
    """What an event set going, from the entry that says so (`begins`; None: the first) to the one that ended it."""
    found: list[Recorded] = []
    for recorded in dropwhile(lambda one: begins is not None and one.entry.kind is not begins, since):
        found.append(recorded)
        if recorded.entry.kind in ENDS:
            break
    return found


def at_once(since: Sequence[Recorded], at: datetime) -> list[Recorded]:
    """What happened in the very transaction that took an event."""
    return [recorded for recorded in since if recorded.entry.at == at]


def last_paged(before: Sequence[Recorded]) -> list[Recorded]:
    """The pages of the step that paged somebody last."""
    paged = [recorded for recorded in before if recorded.entry.kind is Kind.PAGED]
    return [recorded for recorded in paged if position_of(recorded) == position_of(paged[-1])]


def causes_first(entries: Sequence[Recorded]) -> list[Recorded]:
    """As they were recorded, but for a step that is lost: that is written before the failed try that it follows from, since an incident is
    locked before its messages.
    """
    told: list[Recorded] = []
    for recorded in entries:
        told.insert(_place_of(recorded, told), recorded)
    return told


def _place_of(failed: Recorded, told: Sequence[Recorded]) -> int:
    if failed.entry.kind is Kind.SEND_FAILED:
        for n in range(len(told) - 1, -1, -1):
            entry = told[n].entry
            if entry.at != failed.entry.at:
                break
            if entry.detail.get("step_is_lost") and position_of(told[n]) == position_of(failed):
                return n
    return len(told)


def recount(
    entries: Sequence[Recorded], messages: Sequence[Notification], *, names: Collection[str] = (), stage: Stage = Stage.HAPPENED
) -> Iterator[Line]:
    """Each entry in its own words, and behind each page what became of its messages; `names` are those that words may begin with, if there
    are more than in these themselves.
    """
    names = names or names_in(entries, messages)
    for recorded in entries:
        entry = recorded.entry
        if entry.kind in TOLD_BY_MESSAGES:
            continue
        refs = {"incident_id": f"{entry.incident_id}", "timeline_entry_id": f"{recorded.id}"}
        if entry.kind is not Kind.PAGED:
            yield Line(stage, entry.at, told_of(recorded, words_of(recorded), names), refs)
            continue
        user_id = str(entry.detail.get("user_id", ""))
        yield Line(
            Stage.PAGED if stage is Stage.HAPPENED else stage, entry.at, told_of(recorded, entry.reason, names), refs | {"user_id": user_id}
        )
        its = [message for message in messages if f"{message.user_id}" == user_id and step_of(message) == position_of(recorded)]
        for message in its:
            yield message_line(message)
        if not its:
            yield Line(Stage.MESSAGE, None, "No message was made for that page: there was no address to send one to.", {"user_id": user_id})


def words_of(recorded: Recorded) -> str:
    """The reason as it stands, and what it cancelled."""
    cancelled = recorded.entry.detail.get("cancelled")
    more = f"; it cancelled {cancelled} pending message{'' if cancelled == 1 else 's'}" if cancelled else ""
    return f"{recorded.entry.reason}{more}"


def position_of(recorded: Recorded) -> tuple[object, object, object]:
    detail = recorded.entry.detail
    return detail.get("cycle"), detail.get("round"), detail.get("step")


def step_of(message: Notification) -> tuple[object, object, object]:
    return message.cycle, message.round, message.step


def message_line(message: Notification) -> Line:
    to = f"to {message.user_name} by {message.channel} ({message.address})"
    last = message.attempts[-1] if message.attempts else None
    at, why = (last.at, f": {last.detail}" if last.detail else "") if last else (None, "")
    tries = f" at try {last.number}" if last and last.number > 1 else ""
    replaced = "a later message took its place, or " if message.nth > 1 else ""
    needless = f"{replaced}its incident needed nobody any more"
    match message.status:
        case Status.SENT | Status.DELIVERED | Status.READ:
            left = next((one for one in reversed(message.attempts) if one.outcome is AttemptOutcome.SENT), last)
            at, when = (left.at, f" at {instant(left.at)}") if left else (None, "")
            more = "" if message.status is Status.SENT else f" and was {message.status.value}"
            words = f"the message {to} left us{when}{tries}{more}{why}"
        case Status.PENDING if last:
            words = f"the message {to} has not left us after {_times(last.number)}, the last at {instant(last.at)}, and is tried again{why}"
        case Status.PENDING if message.due_at:
            words = f"the message {to} is still to be sent; it is due at {instant(message.due_at)}{paced(message)}"
        case Status.PENDING:
            words = f"the message {to} is sent only if the one before it fails"
        case Status.SENDING:
            words = f"the message {to} is on its way: a sender has taken it and not reported yet{why}"
        case Status.FAILED:
            removed = "was not sent: the address it was to go to was removed"
            words = f"the message {to} {f'did not get through after {_times(last.number)}{why}' if last else removed}"
            if undelivered := next((one for one in message.receipts if one.state is ReceiptState.FAILED), None):
                said = f": {undelivered.detail}" if undelivered.detail else ""
                words = f"the message {to} left us and did not arrive, as its provider said at {instant(undelivered.at)}{said}"
        case Status.CANCELLED if accepted := next((one for one in message.attempts if one.outcome is AttemptOutcome.SENT), None):
            words = f"the message {to} left us at {instant(accepted.at)}: it was on the wire when {needless}{why}"
        case Status.CANCELLED:
            words = f"the message {to} was cancelled before it left us: {needless}{why}"
        case Status.BUNDLED:
            when = f" at {instant(last.at)}" if last else ""
            carrier = f" ({message.carrier_id})" if message.carrier_id else ""
            words = f"the message {to} left us{when} in one message with others{carrier}{paced(message)}{why}"
        case _:
            assert_never(message.status)
    refs = {"notification_id": f"{message.id}", "user_id": f"{message.user_id}"}
    return Line(Stage.MESSAGE, at, sentence(words), refs)


def paced(message: Notification) -> str:
    """Why it did not go at once and by itself."""
    return f"; {message.because}" if message.because and not message.because.startswith("at once") else ""


def _times(tries: int) -> str:
    return "one try" if tries == 1 else f"{tries} tries"
