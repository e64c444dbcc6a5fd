"""Whether a sender is who is expected, and where routing rules send an event: pure."""

from oncall.services.rules.senders import LOST, TOO_LARGE, check_people, check_scheme, edited_settings, why_refused, with_secrets

__all__ = ["LOST", "TOO_LARGE", "check_people", "check_scheme", "edited_settings", "why_refused", "with_secrets"]
