"""What can be done with what monitors send: read it, and hand it over so that many requests share one commit."""

from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.commands.gate import Gate
from oncall.intake.commands.meeting import meet
from oncall.intake.commands.reading import object_in, read, read_pagerduty, received_as, to_events, too_large, without_key

__all__ = ["DIALECTS", "Gate", "meet", "object_in", "read", "read_pagerduty", "received_as", "to_events", "too_large", "without_key"]
