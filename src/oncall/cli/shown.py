"""One incident, always the same, and what Ana is told about it: made by the rules that make real messages, for the documentation."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from oncall.access.rules import sign_link
from oncall.access.values import BundleToken, LinkToken, LinkVerb
from oncall.channels.values import BundleMessage, NoticeMessage, PageMessage
from oncall.contacts.values import CODE_LASTS, ContactMethod
from oncall.incidents.rules.telling import facts_of
from oncall.incidents.values import Told
from oncall.kit.ids import BundleId, ContactMethodId, IncidentId, NotificationId, UserId
from oncall.notifications.rules import notice_of_code, notice_of_update
from oncall.notifications.rules.messages import bundle_message, notice_message, page_message
from oncall.notifications.values import Claimed, NewNotice, Notice, Page, Step, Subject
from oncall.notifications.values.updating import About, News

HOST = "https://oncall.example.com"
NOW = datetime(2026, 3, 8, 2, 35, 4, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
ANA, BEN = UserId(UUID("01960000-0000-7000-8000-0000000000a1")), UserId(UUID("01960000-0000-7000-8000-0000000000b1"))
METHOD = ContactMethodId(UUID("01960000-0000-7000-8000-0000000000c1"))
INCIDENT = IncidentId(UUID("01960000-0000-7000-8000-000000000042"))
NEXT_INCIDENT = IncidentId(UUID("01960000-0000-7000-8000-000000000043"))
RING = (b"a key that signs what is printed in the documentation, and nothing else",)
CODE = "471035"
REASON = "step 1 of policy Payments: on call in schedule Primary"
TOLD = Told(
    source="web-1",
    labels={"region": "eu-west-1"},
    details={"description": "5.2 % of requests fail, threshold 1 %"},
    links=(("https://runbooks.example.com/payments/errors", "runbook"), ("https://graphs.example.com/d/payments", "graph")),
)
SUBJECT = Subject(
    number=42,
    title="High error rate",
    service="payments-api",
    severity="critical",
    urgency="high",
    triggered_at=NOW - 4 * SECOND,
    source=TOLD.source,
    facts=facts_of(TOLD, title="High error rate"),
    links=TOLD.links,
)
NEXT_SUBJECT = replace(SUBJECT, number=43, title="Checkout is slow", severity="error", triggered_at=NOW - SECOND, facts=(), links=())


@dataclass(frozen=True, slots=True)
class Shown:
    """The kinds of messages there are, about that incident or before it."""

    page: PageMessage
    repeat: PageMessage
    bundle: BundleMessage
    update: NoticeMessage
    verification: NoticeMessage


def shown(channel: str, address: str) -> Shown:
    """What this channel is given to send to this address of Ana's."""
    page = Page(Step(INCIDENT, 1, 1, 0), REASON, SUBJECT)
    beside = Page(Step(NEXT_INCIDENT, 1, 1, 0), REASON, NEXT_SUBJECT)
    first, second = _claimed(channel, address, page, 1), _claimed(channel, address, beside, 2)
    again = replace(_claimed(channel, address, page, 3, at=NOW + 5 * MINUTE), nth=2)
    links = (_link(LinkVerb.ACKNOWLEDGE), _link(LinkVerb.RESOLVE), _link(LinkVerb.ESCALATE))
    news = News(INCIDENT, "acknowledged", "acknowledged by Ben", "acknowledged by Ben through link", BEN)
    updated = notice_of_update(ANA, news, About(SUBJECT.number, SUBJECT.title, SUBJECT.service), topic="page_update", now=NOW + 7 * MINUTE)
    method = ContactMethod(METHOD, ANA, channel, address, None, NOW)
    code = notice_of_code(method, topic="verification", sealed=CODE, expires_at=NOW + CODE_LASTS)
    return Shown(
        page=page_message(first, page, links, NOW),
        repeat=page_message(again, page, links, NOW + 5 * MINUTE),
        bundle=bundle_message((first, second), f"{HOST}/l/{sign_link(BundleToken(BundleId(first.id), ANA), RING)}", NOW),
        update=_notice(channel, address, updated, 4, at=NOW + 7 * MINUTE),
        verification=_notice(channel, address, code, 5, at=NOW, code=CODE),
    )


def _notice(channel: str, address: str, new: NewNotice, number: int, *, at: datetime, code: str | None = None) -> NoticeMessage:
    notice = Notice(new.kind, new.urgency, new.subject, new.paragraphs, new.links, at, new.expires_at, sealed=new.sealed, update=new.update)
    return notice_message(_claimed(channel, address, notice, number, at=at), notice, code, at)


def _claimed(channel: str, address: str, about: Page | Notice, number: int, *, at: datetime = NOW) -> Claimed:
    """Due now, tried for the first time. People answer text messages with a code, so those of pages have one."""
    return Claimed(
        id=NotificationId(UUID(f"01960000-0000-7000-8000-{number:012d}")),
        user_id=ANA,
        user_name="Ana",
        nth=1,
        channel=channel,
        address=address,
        due_at=at,
        attempt=1,
        may_have_arrived=False,
        lease_until=at + MINUTE,
        about=about,
        contact_method_id=METHOD,
        reply_code="4317" if channel == "sms" and isinstance(about, Page) else None,
    )


def _link(verb: LinkVerb) -> str:
    return f"{HOST}/l/{sign_link(LinkToken(INCIDENT, ANA, verb, 1, 1), RING)}"
