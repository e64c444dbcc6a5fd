"""What the page behind a link says, by the state of its incident. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from oncall.access.values import LinkToken, LinkVerb
from oncall.console.values import NOT_YOURS_ANY_MORE, Line, LinkPage, ShownIncident
from oncall.desk.rules.closing import has_objected
from oncall.desk.values import Record, Verdict
from oncall.incidents.rules.news import has_news, news_of
from oncall.incidents.rules.timers import pending_actions
from oncall.incidents.rules.vendors import may_speak
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.vendors import Vendor, VendorState

MINUTE = timedelta(minutes=1)
NEXT = {
    "escalate": "If nobody acknowledges, the next person is paged",
    "remind": "There will be a reminder",
    "retry": "Nobody acknowledged, or nobody could be reached; it starts again with the first step",
    "release": "It is held: it pages, if it is still open then,",
    "break_through": "There is news, of which whoever has it is told",
    "settle": "It is flapping: if its alerts do not change until then, it is resolved, or pages again,",
    "rise": "The support hours of its service begin: it becomes urgent, and pages,",
    "end_snooze": "It is snoozed: unless it is resolved, you are paged again",
    "retrigger": "Unless it is resolved, you are paged again",
}
MERGED = "Your message was about #{asked}, which was merged into this incident."
RESOLVE_IT_THERE = "Its link resolves nothing any more: use one of a message about this incident."
ESCALATED = "Escalated: its next step is paged now."
LABELS = {
    LinkVerb.ACKNOWLEDGE: "Acknowledge",
    LinkVerb.RESOLVE: "Resolve",
    LinkVerb.ESCALATE: "Escalate",
    LinkVerb.HELP: "Help",
    LinkVerb.VERIFY: "Verify",
    LinkVerb.TEST: "Test",
}


def link_page(
    token: LinkToken,
    incident: Incident,
    *,
    user: str,
    service: str,
    counts: bool,
    acted: bool,
    cancelled: int,
    asked: Incident | None = None,
    now: datetime,
) -> LinkPage:
    """The page for whoever opened the link (`acted` false) or pressed its button, as `user`, for whom it was made.

    A link dies when its incident is resolved; only to press Resolve once more is no error. One that no longer `counts`, because a
    later cycle paged others, shows how things stand and has no button. Where the message was about one that was merged (`asked`), the
    incident that has its alerts now is shown and acknowledged; it is resolved only by who was paged for it.
    """
    if asked is not None:
        words = f"{MERGED.format(asked=asked.number)} {RESOLVE_IT_THERE if token.verb is LinkVerb.RESOLVE else ''}".strip()
        its_own = replace(token, incident_id=incident.id, cycle=incident.position.cycle, round=incident.position.round)
        page = link_page(its_own, incident, user=user, service=service, counts=counts, acted=acted, cancelled=cancelled, now=now)
        if token.verb is LinkVerb.RESOLVE:
            page = replace(page, verb=None, button=None, small=None)
        return replace(page, small=f"{words} {page.small or ''}".strip())
    shown = _shown(incident, service, now=now)
    title = f"#{incident.number} {incident.title}"
    button, small, next_up = f"{LABELS[token.verb]} as {shortened(user, 30)}", earlier(token, incident), what_next(incident, now=now)
    if acted and counts and token.verb is LinkVerb.ESCALATE and incident.status is Status.TRIGGERED:
        return LinkPage(200, title, ESCALATED, "done", next_up, incident=shown)
    match incident.status:
        case Status.TRIGGERED if not counts:
            return LinkPage(200, title, "Nobody has it yet.", "open", next_up, small=NOT_YOURS_ANY_MORE, incident=shown)
        case Status.TRIGGERED:
            return LinkPage(200, title, "Nobody has it yet.", "open", next_up, token.verb.value, button, small, shown)
        case Status.ACKNOWLEDGED:
            who = incident.acknowledged_by.name if incident.acknowledged_by else "Somebody"
            yours = incident.acknowledged_by is not None and incident.acknowledged_by.id == token.user_id
            word = f"{f'{who}, you have' if yours else f'{who} has'} it: acknowledged {ago(now - (incident.acknowledged_at or now))}."
            if acted and cancelled:
                word += f" {cancelled} pending message{'s' if cancelled != 1 else ''} cancelled."
            if has_news(incident):
                word += f" Since then: {news_of(incident)}."
            if (token.verb is LinkVerb.ACKNOWLEDGE and not has_news(incident)) or not counts:
                return LinkPage(200, title, word, "done", next_up, incident=shown)
            return LinkPage(200, title, word, "done", next_up, token.verb.value, button, small, shown)
        case Status.RESOLVED | Status.CLOSED:
            by = f" by {incident.resolved_by.name}" if incident.resolved_by else ""
            status = 200 if acted and token.verb is LinkVerb.RESOLVE else 410
            word = f"Resolved{by} {ago(now - (incident.resolved_at or now))}."
            return LinkPage(status, title, word, "done", small="This link no longer does anything.", incident=shown)
        case _:
            assert_never(incident.status)


def list_page(lines: Sequence[Line], *, user: str, acted: bool, now: datetime) -> LinkPage:
    """The page for whoever opened the link of a list, or pressed its button: what the message listed, how each stands, and no others."""
    shown = tuple(_shown(line.incident, line.service, now=now) for line in lines)
    waiting = [line for line in lines if line.incident.status is Status.TRIGGERED and line.counts]
    over = [line for line in lines if line.incident.status in {Status.RESOLVED, Status.CLOSED}]
    title = f"{len(lines)} incidents"
    small = None if all(line.counts for line in lines) else "Of those that others were paged for since, this link acknowledges none."
    if len(over) == len(lines):
        return LinkPage(410, title, "All of them are resolved.", "done", small="This link no longer does anything.", listed=shown)
    taken = [line for line in lines if line.changed]
    if acted:
        cancelled = sum(line.cancelled for line in lines)
        word = f"{user}, you have acknowledged {len(taken)} of them now." if taken else "There was nothing left to acknowledge."
        if cancelled:
            word += f" {cancelled} pending message{'s' if cancelled != 1 else ''} cancelled."
        return LinkPage(200, title, word, "done", small=small, listed=shown)
    if not waiting:
        return LinkPage(200, title, "Nothing is left to acknowledge.", "done", small=small, listed=shown)
    word = f"Nobody has {len(waiting)} of them yet." if len(waiting) > 1 else "Nobody has one of them yet."
    next_up = "The button acknowledges what is listed here, and nothing that came later."
    button = f"Acknowledge {len(waiting)} as {shortened(user, 30)}"
    return LinkPage(200, title, word, "open", next_up, LinkVerb.ACKNOWLEDGE.value, button, small, listed=shown)


STANDS = {
    VendorState.ASKED: "You were asked for help.",
    VendorState.HAS_IT: "You have it: thank you.",
    VendorState.SOLVED: "You said that it is solved: thank you.",
}


def help_page(vendor: Vendor, incident: Incident, *, service: str, said: bool, now: datetime) -> LinkPage:
    """The page for somebody outside: what it is about, how they stand, and what they may say while it is open."""
    title, shown = f"#{incident.number} {incident.title}", _shown(incident, service, now=now)
    if not may_speak(incident, vendor):
        is_over = incident.status in {Status.RESOLVED, Status.CLOSED}
        word = "It is resolved: thank you." if is_over else "You have written as much as can be: tell whoever asked you directly."
        return LinkPage(410, title, word, "done", small="This link no longer does anything.", incident=shown)
    asked = f"{vendor.asked_by.name} asks: {vendor.message}" if vendor.message else f"{vendor.asked_by.name} asked you."
    word = f"{STANDS[vendor.state]}{' What you wrote has been passed on.' if said else ''}"
    return LinkPage(200, title, word, "done" if said else "", small=shortened(asked, 600), incident=shown, asks=True)


def reporter_page(incident: Incident, record: Record, *, service: str, said: Verdict | None, now: datetime) -> LinkPage:
    """The page for whoever reported it: what was done, and whether it is well again. `said`: what they have just answered."""
    title, shown = f"#{incident.number} {incident.title}", _shown(incident, service, now=now)
    if said is not None and (said is Verdict.NOT_SATISFIED or has_objected(record, incident.resolved_at)):
        return LinkPage(200, title, "Thank you for telling us. Whoever is on duty has it again.", "done", incident=shown)
    if said is Verdict.SATISFIED:
        return LinkPage(200, title, "Thank you. The service desk files it now.", "done", incident=shown)
    verification = record.verification
    if incident.status is not Status.RESOLVED:
        word = "It is closed." if incident.status is Status.CLOSED else "It is being worked on; you are asked again once it is resolved."
        return LinkPage(200, title, word, incident=shown, small="There is nothing to answer now.")
    if has_objected(record, incident.resolved_at):
        return LinkPage(200, title, "You said that it is not well. Whoever is on duty has it again.", "done", incident=shown)
    if verification is not None and incident.resolved_at is not None and verification.at >= incident.resolved_at:
        word = f"The answer that we have: {verification.verdict.value.replace('_', ' ')}."
        return LinkPage(200, title, f"{word} You may still change it.", incident=shown, verifies=True)
    done = shortened(f"What was done: {record.resolution_text}", 600) if record.resolution_text else None
    return LinkPage(200, title, "It is resolved. Is it well again for you?", "open", small=done, incident=shown, verifies=True)


def _shown(incident: Incident, service: str, *, now: datetime) -> ShownIncident:
    since = f"{instant(incident.triggered_at)}, {ago(now - incident.triggered_at)}"
    return ShownIncident(shortened(incident.title, 140), incident.number, service, incident.severity.value, incident.status.value, since)


def earlier(token: LinkToken, incident: Incident) -> str | None:
    """Says so when newer messages than the one with this link have gone out; it acts all the same.

    The incident's position is the step that fires next: at the first step, the newest messages are of the round or cycle before it.
    """
    cycle, round, step = incident.position.cycle, incident.position.round, incident.position.step
    newest = (cycle, round) if step else (cycle, round - 1) if round > 1 else (cycle - 1, 0)
    if (token.cycle, token.round) >= newest:
        return None
    return f"This link is from an earlier message (cycle {token.cycle}, round {token.round}); newer ones have gone out. It still works."


def what_next(incident: Incident, *, now: datetime) -> str | None:
    """What happens if nobody does anything more."""
    for action in pending_actions(incident):
        when = f"in {spoken(action.at - now)}" if action.at - now >= MINUTE else "at once"
        if action.action in NEXT:
            return f"{NEXT[action.action]} {when}."
    return None


def shortened(text: str, limit: int) -> str:
    """So that the button stays on the screen."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def ago(passed: timedelta) -> str:
    """In words a tired person reads at once."""
    return "just now" if passed < MINUTE else f"{spoken(passed)} ago"


def spoken(length: timedelta) -> str:
    """At most two units, which stay together on a narrow screen."""
    minutes = int(length / MINUTE)
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min"
    return f"{minutes // 60}\N{NO-BREAK SPACE}h {minutes % 60}\N{NO-BREAK SPACE}min" if minutes < 48 * 60 else f"{minutes // 1440} days"


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
