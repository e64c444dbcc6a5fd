"""What a text or a key means, and what is said back. Pure."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from oncall.contacts.values import RangOnSilent
from oncall.incidents.values import Incident, Status
from oncall.kit.actors import Actor
from oncall.kit.ids import UserId
from oncall.notifications.values.receipts import Receipt, ReceiptState
from oncall.replies.values import MOST_TOLD, Came, Coded, ForTheCarrier, Rang, Said, Tries, Unclear, Verb

LONGEST = 200
MOST_NAMED = 10
CARRIERS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke", "start", "unstop"})
WORDS: Mapping[str, Verb] = {
    **dict.fromkeys(("a", "ack", "acknowledge", "acknowledged", "4"), Verb.ACKNOWLEDGE),
    **dict.fromkeys(("r", "resolve", "resolved", "6"), Verb.RESOLVE),
    **dict.fromkeys(("e", "esc", "escalate", "escalated", "5"), Verb.ESCALATE),
}
KEYS: Mapping[str, Verb] = {"4": Verb.ACKNOWLEDGE, "6": Verb.RESOLVE, "5": Verb.ESCALATE}
YES_NO: Mapping[str, RangOnSilent] = {
    **dict.fromkeys(("yes", "y"), RangOnSilent.YES),
    **dict.fromkeys(("no", "n"), RangOnSilent.NO),
}
KEYS_OF_TEST: Mapping[str, RangOnSilent] = {"1": RangOnSilent.YES, "2": RangOnSilent.NO, "3": RangOnSilent.NOT_TRIED}
TESTED: Mapping[RangOnSilent, str] = {
    RangOnSilent.YES: "Thank you: it rings on silent.",
    RangOnSilent.NO: "Thank you. Let our number ring on silent in your phone's settings, and test again.",
    RangOnSilent.NOT_TRIED: "Thank you. Set your phone to silent, and test again.",
}
ARRIVED = "Thank you: it arrived. Did it ring on silent? Answer {code} YES or {code} NO."

UNCLEAR = "Not understood. Answer with the code in the message, as in: 4317 to acknowledge, 4317 R to resolve, 4317 E to escalate."
NO_SUCH_CODE = "This is not the code of a message to this number. Look at the message again, or open its link."
TOO_MANY = "Too many wrong codes came from this number: open the link in the message, or answer again in an hour."
NOT_A_KEY = "That is none of the keys."
NOT_YOURS = "This message came with an earlier cycle, and others have been paged since. Answer a newer message, or ask whoever was paged."
ONE_BY_ONE = "This message lists several incidents, which are acknowledged together; resolve or escalate each by its own link or message."
GONE = "The account or the address this message was sent to is no longer there."
NO_SUCH_BUTTON = "This button belongs to no message of ours that is still known."


def read_text(text: str) -> Said:
    """A code, and a word for what to do if it is not to acknowledge. Other words are not guessed at: "4317 not me" does nothing."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text[:LONGEST]).casefold())
    if len(words) == 1 and words[0] in CARRIERS:
        return ForTheCarrier()
    codes = [word for word in words if re.fullmatch("[0-9]{4}", word)]
    answers = {YES_NO.get(word) for word in words if word not in codes}
    if len(set(codes)) == 1 and len(answers) == 1 and (answer := answers.pop()):
        return Rang(codes[0], answer)
    verbs = {WORDS.get(word) for word in words if word not in codes}
    if len(set(codes)) != 1 or len(verbs) > 1 or None in verbs:
        return Unclear()
    [verb] = verbs or {Verb.ACKNOWLEDGE}
    return Coded(codes[0], verb) if verb else Unclear()


def is_told(tries: Tries) -> bool:
    """Whether one more text that says nothing is answered."""
    return tries.told < MOST_TOLD


def refusal(incident: Incident, *, counts: bool) -> str | None:
    """Why an answer does nothing any more: by the rules of the links."""
    if incident.status in {Status.RESOLVED, Status.CLOSED}:
        by = f" by {incident.resolved_by.name}" if incident.resolved_by else ""
        return f"#{incident.number} was resolved{by}: nothing is left to do."
    return None if counts else NOT_YOURS


def refused(sentence: str, incident: Incident) -> Came:
    """A refusal as what came of it: of what is over everybody may know, and nothing is left to answer."""
    over = incident.status in {Status.RESOLVED, Status.CLOSED}
    return Came(sentence, left=frozenset() if over else None, for_all=over)


def came_of(
    verb: Verb,
    before: Incident,
    after: Incident,
    *,
    service: str,
    user_id: UserId | None,
    changed: bool,
    cancelled: int,
    asked: Incident | None,
    code: str | None,
) -> Came:
    """What came of it, and what the message may be answered with from then on: of what was merged into another, with nothing more."""
    text = confirmation(verb, before, after, service=service, user_id=user_id, changed=changed, cancelled=cancelled, asked=asked, code=code)
    had = before.status is Status.ACKNOWLEDGED
    match verb:
        case Verb.ACKNOWLEDGE:
            # What somebody had before is news to those who see the message; that oneself had it is not.
            own = had and _is(after.acknowledged_by, user_id)
            return Came(
                text, left=frozenset({Verb.RESOLVE, Verb.ESCALATE} if asked is None else ()), for_all=not own, did=changed and not had
            )
        case Verb.RESOLVE:
            return Came(text, left=frozenset(), for_all=True, did=changed)
        case Verb.ESCALATE:
            return Came(text, for_all=changed, did=changed)
        case _:
            assert_never(verb)


def confirmation(
    verb: Verb,
    before: Incident,
    after: Incident,
    *,
    service: str,
    user_id: UserId | None,
    changed: bool,
    cancelled: int,
    asked: Incident | None,
    code: str | None,
) -> str:
    """What came of it, for whoever answered; `asked` is the one the message was about, if that was merged. With the `code` of a text
    message also what else it does.
    """
    what = f"#{after.number} {service}: {_shortened(after.title, 60)}"
    merged = f" #{asked.number} was merged into it." if asked else ""
    match verb:
        case Verb.ACKNOWLEDGE:
            said = _acknowledged(before, after, what, user_id=user_id, changed=changed, cancelled=cancelled) + merged
            yours = _is(after.acknowledged_by, user_id)
            return f"{said} {code} R resolves, {code} E escalates." if code and yours and not asked else said
        case Verb.RESOLVE:
            return f"Resolved {what}.{_cancelled(cancelled)}"
        case Verb.ESCALATE if changed:
            return f"Escalated {what}: its next step pages now.{merged}"
        case Verb.ESCALATE:
            return f"The next step of {what} was paged a moment ago, or is now.{merged}"
        case _:
            assert_never(verb)


def confirmation_of_list(numbers: Sequence[int], *, listed: int, cancelled: int) -> str:
    """What came of a list: which of its incidents were acknowledged now; the others were so before, are over, or are others' by now."""
    if not numbers:
        return f"None of the {listed} listed incidents had to be acknowledged any more."
    which = ", ".join(f"#{number}" for number in numbers[:MOST_NAMED]) + (" and more" if len(numbers) > MOST_NAMED else "")
    return f"Acknowledged {len(numbers)} of {listed} incidents: {which}.{_cancelled(cancelled)}"


def _acknowledged(before: Incident, after: Incident, what: str, *, user_id: UserId | None, changed: bool, cancelled: int) -> str:
    if before.status is not Status.ACKNOWLEDGED and changed:
        return f"Acknowledged {what}.{_cancelled(cancelled)}"
    by = after.acknowledged_by
    if _is(by, user_id):
        return f"You have {what} already{', and are still on it' if changed else ''}."
    return f"Already acknowledged by {by.name if by else 'somebody'}: {what}."


def _is(by: Actor | None, user_id: UserId | None) -> bool:
    """Whether it was this very person; of somebody without a name nobody knows."""
    return by is not None and user_id is not None and by.id == user_id


def _cancelled(number: int) -> str:
    return f" {number} pending message{'s' * (number != 1)} cancelled." if number else ""


def _shortened(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 2].rstrip() + ".."


MESSAGES: Mapping[str, ReceiptState] = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "undelivered": ReceiptState.FAILED,
    "failed": ReceiptState.FAILED,
}
CALLS: Mapping[str, tuple[ReceiptState, str]] = {
    "in-progress": (ReceiptState.DELIVERED, "the call was picked up"),
    "completed": (ReceiptState.DELIVERED, "the call was picked up, and is over"),
    "busy": (ReceiptState.FAILED, "the line was busy"),
    "no-answer": (ReceiptState.FAILED, "nobody picked up"),
    "canceled": (ReceiptState.FAILED, "the call was cancelled before anybody picked up"),
    "failed": (ReceiptState.FAILED, "the call could not be made"),
}
"""By the words of Twilio."""


def read_status(fields: Mapping[str, str], *, meaning: str | None, now: datetime) -> Receipt | None:
    """What Twilio tells of a message or a call, with what its error code means; None where it is only under way.

    A call that was taken is delivered, whoever or whatever took it: no receipt acknowledges anything.
    """
    message, call = fields.get("MessageStatus", ""), fields.get("CallStatus", "")
    if message in MESSAGES:
        state, words = MESSAGES[message], f"Twilio says {message}"
    elif call in CALLS:
        state, words = CALLS[call]
    else:
        return None
    return Receipt(state, now, f"{words}, {meaning}" if meaning and state is ReceiptState.FAILED else words)


def never_arrives(fields: Mapping[str, str]) -> bool:
    """Whether it was lost for good. A call that rang, and that nobody took, is no such thing: whoever it rang for may still look."""
    return fields.get("MessageStatus") in {"undelivered", "failed"} or fields.get("CallStatus") == "failed"


LAST_WORDS = frozenset({ReceiptState.DELIVERED, ReceiptState.READ, ReceiptState.FAILED})
"""After them a provider of telephones has nothing more to tell."""


def is_settled(channel: str, told: ReceiptState | None) -> bool:
    """Whether nothing is left to be asked. A Pushover emergency that reached a phone may still be acknowledged there."""
    return told is ReceiptState.READ if channel == "pushover" else told in LAST_WORDS


def next_inquiry(sent_at: datetime, asked: int, after: Sequence[timedelta], *, now: datetime) -> datetime | None:
    """When to ask again; after an outage once, and then in the usual steps; None: it is given up."""
    later = [sent_at + wait for wait in after[asked:] if sent_at + wait > now]
    return later[0] if later else None


def read_emergency(fields: Mapping[str, str], *, now: datetime) -> Receipt | None:
    """What a receipt of Pushover says; None as long as no phone had it. Its instants may be nonsense, and never lie ahead."""
    if fields.get("acknowledged") == "1":
        return Receipt(ReceiptState.READ, _stamp(fields.get("acknowledged_at", ""), now=now), "Pushover says that somebody acknowledged it")
    if fields.get("last_delivered_at", "0") != "0":
        return Receipt(ReceiptState.DELIVERED, _stamp(fields["last_delivered_at"], now=now), "Pushover says that a phone had it")
    return None


def is_expired(fields: Mapping[str, str]) -> bool:
    """Whether it rings no more."""
    return fields.get("expired") == "1"


def _stamp(text: str, *, now: datetime) -> datetime:
    return min(datetime.fromtimestamp(int(text), UTC), now) if re.fullmatch("[0-9]{1,11}", text) else now
