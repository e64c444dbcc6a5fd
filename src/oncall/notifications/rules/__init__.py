"""What an attempt's outcome makes of its notification, and how the ledger seals it. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import assert_never
from uuid import UUID

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, PageUpdate, Sent, Unknown
from oncall.contacts.rules import plan_ways, quiet_until
from oncall.contacts.values import CODE_LASTS, ContactMethod, Reach, Urgency, Ways
from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import (
    MAX_RETRY_AFTER,
    RETRY_DELAYS,
    TEST_LASTS,
    AttemptOutcome,
    Delivery,
    Done,
    Fate,
    GiveUp,
    Link,
    NewNotice,
    Notice,
    Page,
    Sealed,
    TryAgain,
    Way,
    Works,
    WorksNot,
)
from oncall.notifications.values.travelling import Travel
from oncall.notifications.values.updating import UPDATE_LASTS, About, Earlier, News, Paged

LATE = timedelta(seconds=60)


def plan_messages(reach: Reach, urgency: Urgency, *, due_at: datetime, now: datetime, repeats: bool = True) -> tuple[Way, ...]:
    """The messages a notice becomes: the person's own rules, each at its delay from now. Nothing stands in for what fails: nobody waits
    for the answer to a notice.
    """
    planned = messages_by(plan_ways(reach, urgency, repeats=repeats), due_at=due_at, now=now)
    return tuple(way for way in planned if way.stands_in_for is None)


def messages_by(ways: Ways, *, due_at: datetime, now: datetime, travel: Travel | None = None) -> tuple[Way, ...]:
    """Each way at its delay from now, and late if the page is; what waits to travel with others is that much later, which is not late.

    Repetitions are among them from the start: what ends the page's cycle cancels them with the rest.
    """
    wait = travel.wait if travel else timedelta(0)
    return tuple(
        Way(
            w.contact_method_id,
            w.channel,
            w.address,
            w.nth,
            due_at + w.delay + wait,
            now + w.delay + wait,
            w.again,
            now + w.delay if travel and travel.together else None,
            w.stands_in_for,
        )
        for w in ways.ways
    )


def plan_page(
    reach: Reach, ways: Ways, urgency: Urgency, *, due_at: datetime, now: datetime, travel: Travel | None = None
) -> tuple[Way, ...]:
    """The messages of a page. At low urgency none is sent in the person's quiet hours: it waits for their end, is not late then, and
    travels with what else waited; of several to one address that would wait for one end, the first is enough. What stands in for a message
    goes with it.
    """
    if urgency is Urgency.HIGH or reach.quiet_hours is None:
        return messages_by(ways, due_at=due_at, now=now, travel=travel)
    begin = quiet_until(reach, urgency, now) or now
    planned: list[Way] = []
    for way in messages_by(ways, due_at=due_at, now=begin, travel=travel):
        if way.stands_in_for:
            before = (one for one in planned if (one.contact_method_id, one.nth) == way.stands_in_for)
            planned += [replace(way, due_at=one.due_at, next_at=one.next_at, gathers_from=one.gathers_from) for one in before]
            continue
        ends = quiet_until(reach, urgency, way.next_at)
        if ends is None and begin == now:
            planned.append(way)
            continue
        at = ends or way.next_at
        if ends is None or not any((at, way.contact_method_id) == (other.next_at, other.contact_method_id) for other in planned):
            planned.append(replace(way, due_at=at, next_at=at, gathers_from=at))
    return tuple(planned)


def notice_of_code(method: ContactMethod, *, topic: str, sealed: str, expires_at: datetime) -> NewNotice:
    """The code goes where nobody has proven anything yet, so it says no more than a stranger may read."""
    minutes = CODE_LASTS // timedelta(minutes=1)
    return NewNotice(
        user_id=method.user_id,
        kind="verification",
        topic=topic,
        urgency=Urgency.HIGH.value,
        subject="The code that proves this address",
        paragraphs=(
            f"Give it where you asked for it, within {minutes} minutes: then you can be paged here.",
            "If you asked for none, do nothing: without the code nobody is paged here.",
        ),
        expires_at=expires_at,
        sealed=sealed,
    )


def notice_of_test(method: ContactMethod, name: str, *, topic: str, url: str, now: datetime) -> NewNotice:
    """It travels as a page does, says at once that it is none, and asks whether it rang, if a phone may ring, else whether it came."""
    question, words = ("Did it ring on silent?", "Say whether it rang") if method.may_ring else ("Did it arrive?", "Say that it arrived")
    return NewNotice(
        user_id=method.user_id,
        kind="test",
        topic=topic,
        urgency=Urgency.HIGH.value,
        subject=f"This is a test of oncall for {name}; nothing is wrong",
        paragraphs=(f"You, or an admin, asked for it: that it is here means that pages can reach you here. {question}",),
        links=((url, words),),
        expires_at=now + TEST_LASTS,
    )


def notice_of_answer(user_id: UserId, said: str, *, topic: str, now: datetime) -> NewNotice:
    """What came of an answer, where the app in which it was given cannot show it."""
    return NewNotice(
        user_id=user_id,
        kind="answer",
        topic=topic,
        urgency=Urgency.LOW.value,
        subject=said,
        paragraphs=("You answered a message of oncall there; this is what came of it.",),
        expires_at=now + UPDATE_LASTS,
    )


def is_news_to(paged: Paged, news: News, earlier: Sequence[Earlier]) -> bool:
    """Whether this person must be told by this contact method: not if they did it, nor if the same was or will be said there since the
    last page, and nothing else after it. `earlier` are in the order they were made.
    """
    if paged.user_id == news.by:
        return False
    if any(one.is_to_leave and one.said == news.said for one in earlier):
        return False
    left = [one for one in earlier if one.left_at is not None or one.is_leaving]
    if not left:
        return True
    last = left[-1]
    return last.said != news.said or (last.left_at is not None and last.left_at < paged.paged_at)


def outdated(earlier: Sequence[Earlier], latest: Mapping[IncidentId, News]) -> list[NotificationId]:
    """Updates that have not left and are not how it stands any more."""

    def stands(one: Earlier) -> bool:
        return one.incident_id in latest and latest[one.incident_id].said == one.said

    return [one.id for one in earlier if one.is_to_leave and not stands(one)]


def way_by(reach: Reach, contact_method_id: UUID, *, now: datetime) -> Way | None:
    """One message at once by this contact method, if it is there and proven; the account e-mail has the user's own id."""
    if contact_method_id == reach.user_id and reach.team_id is None:
        return Way(contact_method_id, "email", reach.email, 1, now, now)
    proven = (method for method in reach.methods if method.id == contact_method_id and method.verified)
    return next((Way(method.id, method.channel, method.address, 1, now, now) for method in proven), None)


def notice_of_update(user_id: UserId, news: News, about: About, *, topic: str, now: datetime) -> NewNotice:
    """The number comes first: whatever cuts the subject leaves it there."""
    why = f"{news.reason[:1].upper()}{news.reason[1:]}"
    return NewNotice(
        user_id=user_id,
        kind="page_update",
        topic=topic,
        urgency=Urgency.LOW.value,
        subject=f"#{about.number} {news.said}: {about.title}",
        paragraphs=(f"{about.service}: {about.title}", why if why.endswith((".", "!", "?", "…")) else f"{why}.", "You were paged for it."),
        expires_at=now + UPDATE_LASTS,
        update=PageUpdate(news.incident_id, about.number, about.title, about.service, news.state, news.said),
    )


def proof_of(outcome: Outcome) -> Works | WorksNot | None:
    """What an attempt says about the address it was made to; None if it was not even tried."""
    match outcome:
        case Sent():
            return Works()
        case FailedPermanently(code="expired" | "cannot_open" | "daily_cap"):
            return None
        case FailedTemporarily(detail=detail) | FailedPermanently(detail=detail):
            return WorksNot(detail)
        case Unknown(detail=detail):
            return WorksNot(f"may have arrived: {detail}")
        case _:
            assert_never(outcome)


def decide_expiry(about: Page | Notice, *, now: datetime) -> FailedPermanently | None:
    """A notice that has expired is not sent: who is told too late is misled. A page never expires; an acknowledgement ends it."""
    if isinstance(about, Page) or about.expires_at is None or now < about.expires_at:
        return None
    return FailedPermanently(f"not sent: it was of use until {about.expires_at.isoformat()}", code="expired")


def decide_fate(outcome: Outcome, *, id: NotificationId, attempt: int, may_have_arrived: bool, now: datetime) -> Fate:
    """Sent: done. Temporary: again after 1, 5, 15, 30, 60 s (±20 %) or as the provider says. Unknown: once more, labelled.

    Permanent, or temporary too often: give up, so that the escalation can go on early (`reliability.md` F12–F17, F41).
    """
    match outcome:
        case Sent(detail=detail):
            return Done(detail)
        case Unknown(detail=detail) if may_have_arrived:
            return Done(f"sent twice without an answer, counted as sent: {detail}")
        case Unknown(detail=detail):
            return TryAgain(now + _jittered(RETRY_DELAYS[0], id), True, f"may have arrived, will be repeated once: {detail}")
        case FailedTemporarily(detail=detail, retry_after=retry_after):
            if attempt > len(RETRY_DELAYS):
                return GiveUp(f"failed {attempt} times, last: {detail}")
            delay = min(retry_after, MAX_RETRY_AFTER) if retry_after else _jittered(RETRY_DELAYS[attempt - 1], id)
            return TryAgain(now + delay, may_have_arrived, detail)
        case FailedPermanently(detail=detail):
            return GiveUp(detail)
        case _:
            assert_never(outcome)


def provider_id_of(outcome: Outcome) -> str | None:
    """What the provider calls the message, by which its receipts name it."""
    return outcome.provider_id if isinstance(outcome, Sent) else None


def is_over(outcome: Outcome, *, attempt: int) -> bool:
    """It did not go out by this way, and never will."""
    return isinstance(outcome, FailedPermanently) or (isinstance(outcome, FailedTemporarily) and attempt > len(RETRY_DELAYS))


def word_for(outcome: Outcome) -> AttemptOutcome:
    """How an attempt is recorded and counted."""
    match outcome:
        case Sent():
            return AttemptOutcome.SENT
        case FailedTemporarily():
            return AttemptOutcome.FAILED_TEMP
        case FailedPermanently(credential=credential):
            return AttemptOutcome.BAD_CREDENTIAL if credential else AttemptOutcome.FAILED_PERM
        case Unknown():
            return AttemptOutcome.UNKNOWN
        case _:
            assert_never(outcome)


def late_by(due_at: datetime, *, now: datetime) -> timedelta | None:
    """How late a message is, if late enough to say so in it."""
    return now - due_at if now - due_at >= LATE else None


def mask(address: str) -> str:
    """An address as others may see it: a…@example.com, https://host/…, discord://…, …1234."""
    if "://" in address:
        scheme, rest = address.split("://", 1)
        if scheme not in {"http", "https"}:
            return f"{scheme}://…"  # a token stands where others have their host
        return f"{scheme}://{rest.split('/', 1)[0].rsplit('@', 1)[-1]}/…"
    if "@" in address:
        name, _, domain = address.rpartition("@")
        return f"{name[:1]}…@{domain}"
    return f"…{address[-4:]}"


def _jittered(delay: timedelta, id: NotificationId) -> timedelta:
    """±20 %, from the notification's own id, so that many failing at once do not come back at once."""
    return delay * (0.8 + 0.4 * id.bytes[-1] / 255)


def seal(previous: Link, delivery: Delivery) -> Sealed:
    """The next row of the ledger: its hash is over the one before it and everything this one says, in one spelling."""
    seq = previous.seq + 1
    return Sealed(Link(seq, sha256(previous.hash + _spelled(seq, delivery)).digest()), delivery)


def broken(previous: Link, rows: Iterable[Sealed]) -> Iterator[str]:
    """What is wrong with rows that should follow `previous` in the ledger: a sentence for each; a broken row is told once."""
    for row in rows:
        if row.link.seq != previous.seq + 1:
            yield f"rows {previous.seq + 1} to {row.link.seq - 1} of the delivery ledger are missing"
        elif seal(previous, row.delivery).link != row.link:
            yield f"row {row.link.seq} of the delivery ledger is not what was sealed: it, or the one before it, was changed"
        previous = row.link


def _spelled(seq: int, one: Delivery) -> bytes:
    """What is hashed: JSON, in this order for ever."""
    return json.dumps(
        [
            seq,
            str(one.notification_id),
            one.number,
            _instant(one.at),
            str(one.incident_id) if one.incident_id else None,
            str(one.user_id),
            one.channel,
            one.address,
            one.outcome.value,
            one.detail,
            _instant(one.sealed_at),
        ],
        separators=(",", ":"),
    ).encode("ascii")


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
