"""What a channel is given to send, made from what was claimed. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from oncall.channels.values import BundleMessage, ListedIncident, NoticeMessage, PageMessage
from oncall.kit.ids import IncidentId
from oncall.notifications.rules import late_by
from oncall.notifications.rules.travelling import gravest, headline, printed
from oncall.notifications.values import Claimed, Notice, Page
from oncall.notifications.values.editing import Listed


def page_message(claimed: Claimed, page: Page, links: tuple[str, str, str], now: datetime) -> PageMessage:
    acknowledge_url, resolve_url, escalate_url = links
    subject = page.subject
    return PageMessage(
        notification_id=claimed.id,
        address=claimed.address,
        recipient=claimed.user_name,
        incident_id=page.step.incident_id,
        number=subject.number,
        title=subject.title,
        service=subject.service,
        severity=subject.severity,
        urgency=subject.urgency,
        level=page.step.step + 1 if page.step.round else 0,  # who was asked to join is of no level
        reason=page.reason,
        triggered_at=subject.triggered_at,
        acknowledge_url=acknowledge_url,
        resolve_url=resolve_url,
        escalate_url=escalate_url,
        incident_url=None,
        attempt=claimed.attempt,
        repeated=claimed.may_have_arrived,
        nth=claimed.nth,
        late_by=late_by(claimed.due_at, now=now),
        source=subject.source,
        facts=subject.facts,
        links=subject.links,
        reply_code=claimed.reply_code,
    )


def bundle_message(bundle: tuple[Claimed, ...], acknowledge_url: str, now: datetime) -> BundleMessage:
    first = bundle[0]
    pages = printed([one.about for one in bundle if isinstance(one.about, Page)])
    return BundleMessage(
        notification_id=first.id,
        address=first.address,
        recipient=first.user_name,
        headline=headline(pages),
        severity=gravest(pages),
        urgency=pages[0].subject.urgency,
        because=next((page.because for page in reversed(pages) if page.because), "they were due at the same time"),
        listed=tuple(
            ListedIncident(
                page.step.incident_id,
                page.subject.number,
                page.subject.title,
                page.subject.service,
                page.subject.severity,
                page.subject.source,
                page.subject.triggered_at,
                page.reason,
            )
            for page in pages
        ),
        acknowledge_url=acknowledge_url,
        attempt=first.attempt,
        repeated=any(one.may_have_arrived for one in bundle),
        late_by=late_by(min(one.due_at for one in bundle), now=now),
        reply_code=first.reply_code,
    )


def list_message(first: Claimed, listed: Sequence[Listed], acknowledge_url: str, now: datetime) -> BundleMessage:
    """A list that was sent, with how each of its incidents stands now."""
    message = bundle_message(tuple(replace(first, about=one.page) for one in listed), acknowledge_url, now)
    stands = {one.page.step.incident_id: one.now.said for one in listed if one.now}
    return replace(message, listed=tuple(replace(one, stands=stands.get(IncidentId(one.incident_id))) for one in message.listed))


def has_reply_code(about: Page | Notice) -> bool:
    """What can be answered in words: a page to a person, and a test, which acts on nothing."""
    return not about.recipient if isinstance(about, Page) else about.kind == "test"


def notice_message(claimed: Claimed, notice: Notice, code: str | None, now: datetime) -> NoticeMessage:
    return NoticeMessage(
        notification_id=claimed.id,
        address=claimed.address,
        recipient=claimed.user_name,
        kind=notice.kind,
        urgency=notice.urgency,
        subject=notice.subject,
        paragraphs=notice.paragraphs if code is None else (f"Code: {code}", *notice.paragraphs),
        links=notice.links,
        created_at=notice.created_at,
        attempt=claimed.attempt,
        repeated=claimed.may_have_arrived,
        late_by=late_by(claimed.due_at, now=now),
        code=code,
        update=notice.update,
        reply_code=claimed.reply_code,
        thread=notice.thread,
    )
