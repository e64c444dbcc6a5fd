"""What people see of what monitors sent."""

from datetime import timedelta

from oncall.incidents.values import Body, EventSeen
from oncall.intake.rules import OVERSIZED, ShownBody, redacted, shown_body, shown_headers

NEVER_KEPT = "The body was too large and was never kept; the details of its alert say who sent it."


def show(body: Body) -> tuple[ShownBody, dict[str, str], str]:
    """A body, its headers and its media type, each without secrets. Takes a while where the body is large."""
    return shown_body(body.raw, body.content_type), shown_headers(body.headers), redacted(body.content_type)


def why_never_kept(event: EventSeen, body: Body | None) -> str | None:
    """Why an event has no body although its time is not over; None if it has one, or had."""
    is_so = body is not None and not body.raw and event.dedup_key.startswith(OVERSIZED)
    return NEVER_KEPT if is_so else None


def gone_after(kept: timedelta) -> str:
    """Why an event has no body any more."""
    days = kept / timedelta(days=1)
    how_long = f"{days:g} day{'' if days == 1 else 's'}"
    return f"The body is gone: bodies are kept for {how_long}, if nobody deletes them before."
