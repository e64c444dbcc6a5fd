"""What can be done with what monitors send: read it, and hand it over so that many requests share one commit."""

from oncall.intake.commands.gate import Gate
from oncall.intake.commands.reading import read, read_enqueued, received_as, to_events, too_large, without_key

__all__ = ["Gate", "read", "read_enqueued", "received_as", "to_events", "too_large", "without_key"]
