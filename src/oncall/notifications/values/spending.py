"""What may be spent on a channel that costs money for each message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cap:
    """Messages, or calls, in a day of UTC; `setting` is where an operator raises it."""

    limit: int
    setting: str


CAP_REACHED = "daily_cap"
"""The code of a message that was not sent for it."""
