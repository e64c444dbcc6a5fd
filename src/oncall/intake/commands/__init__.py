"""What can be done with what monitors send: read it, and hand it over so that many requests share one commit."""

from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.commands.explaining import explain_event
from oncall.intake.commands.gate import Gate, Overloaded
from oncall.intake.commands.reading import (
    as_sent,
    mail_too_large,
    object_in,
    read,
    read_pagerduty,
    read_query,
    received_as,
    to_events,
    too_large,
)
from oncall.intake.commands.showing import gone_after, show, why_never_kept

__all__ = [
    "DIALECTS",
    "Gate",
    "Overloaded",
    "as_sent",
    "explain_event",
    "gone_after",
    "mail_too_large",
    "object_in",
    "read",
    "read_pagerduty",
    "read_query",
    "received_as",
    "show",
    "to_events",
    "too_large",
    "why_never_kept",
]
