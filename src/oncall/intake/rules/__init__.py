"""From a body's bytes to plain values, and from a monitor's words to ours. Pure and total."""

from oncall.intake.rules.decoding import MAX_TEXT, bounded, cut, decode, inflate, storable
from oncall.intake.rules.identity import bounded_key, key_of
from oncall.intake.rules.standing_in import oversized, read_each, unreadable
from oncall.intake.rules.wording import (
    ACTIONS,
    action_of,
    instant_of,
    labels_of,
    links_of,
    one_line,
    severity_of,
    text_of,
    title_of,
)

__all__ = [
    "ACTIONS",
    "MAX_TEXT",
    "action_of",
    "bounded",
    "bounded_key",
    "cut",
    "decode",
    "inflate",
    "instant_of",
    "key_of",
    "labels_of",
    "links_of",
    "one_line",
    "oversized",
    "read_each",
    "severity_of",
    "storable",
    "text_of",
    "title_of",
    "unreadable",
]
