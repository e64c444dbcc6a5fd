"""What the page behind a link says, by the state of its incident. Pure."""

from datetime import datetime, timedelta

from oncall.access.values import LinkToken, LinkVerb
from oncall.console.values import LinkPage, ShownIncident
from oncall.incidents.values import Incident, Status


def link_page(token: LinkToken, incident: Incident, *, service: str, acted: bool, cancelled: int, now: datetime) -> LinkPage:
    """The page for whoever opened the link (`acted` false) or pressed its button. A link dies when its incident is resolved."""
    shown = ShownIncident(
        incident.title, incident.number, service, incident.severity.value, incident.status.value, instant(incident.triggered_at)
    )
    title = f"#{incident.number} {incident.title}"
    small = earlier(token, incident)
    match incident.status:
        case Status.TRIGGERED:
            label = "Acknowledge" if token.verb is LinkVerb.ACKNOWLEDGE else "Resolve"
            return LinkPage(200, title, "Nobody has it yet.", "open", label, small, shown)
        case Status.ACKNOWLEDGED:
            who = incident.acknowledged_by.name if incident.acknowledged_by else "Somebody"
            at = incident.acknowledged_at or now
            word = f"{who} has it: acknowledged {ago(now - at)}."
            if acted and cancelled:
                word += f" {cancelled} pending message{'s' if cancelled != 1 else ''} cancelled."
            button = "Resolve" if token.verb is LinkVerb.RESOLVE else None
            return LinkPage(200, title, word, "done", button, small, shown)
        case Status.RESOLVED | Status.CLOSED:
            by = f" by {incident.resolved_by.name}" if incident.resolved_by else ""
            resolved_at = incident.resolved_at or now
            # Pressing Resolve again is no error; any other button of a resolved incident is dead.
            status = 410 if acted and token.verb is not LinkVerb.RESOLVE else 200
            return LinkPage(
                status, title, f"Resolved{by} {ago(now - resolved_at)}. This link no longer does anything.", "done", None, small, shown
            )


def earlier(token: LinkToken, incident: Incident) -> str | None:
    """Says so when the message is from an earlier cycle or round than the one running now."""
    position = incident.position
    if (token.cycle, token.round) == (position.cycle, position.round):
        return None
    now_in = f"the incident is in round {position.round} of cycle {position.cycle}"
    return f"This link is from round {token.round} of cycle {token.cycle}; {now_in}."


def ago(passed: timedelta) -> str:
    """In words a tired person reads at once."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h {minutes % 60} min ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
