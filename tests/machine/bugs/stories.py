"""Mistakes that were, or could well be, made, each a patch beside this file; and the story in which the machine has met it.

A story is told on the true code, where it breaks nothing, and on the code with its mistake, where it breaks the invariant that is named.
"""

from dataclasses import dataclass
from typing import Any

Deed = tuple[str, dict[str, Any]]

OPENED: Deed = ("says", {"service": "payments", "key": "k0"})
SLOW: Deed = ("provides", {"channel": "email", "mode": "slow"})
TICKS: Deed = ("ticks", {})


@dataclass(frozen=True, slots=True)
class Bug:
    """What the mistake is, as its author would have put it, which invariant it breaks, and in which story."""

    what: str
    breaks: str
    story: tuple[Deed, ...]


BUGS: dict[str, Bug] = {
    "ack_cancels_nothing": Bug(
        "an acknowledgement stops the escalation, but leaves what is still to be sent",
        "i_11_an_acknowledgement_ends_what_was_paged",
        (OPENED, ("acknowledges", {"n": 0, "who": "ben"})),
    ),
    "no_second_look_before_the_wire": Bug(
        "a sender sends what it has claimed, whatever has happened since",
        "i_15_nothing_goes_out_without_a_lease",
        (OPENED, ("stands_still", {"node": 0, "at": "send.post_claim", "meanwhile": "acknowledges"})),
    ),
    "a_record_is_not_fenced": Bug(
        "a sender records what became of its message although it was cancelled meanwhile",
        "i_11_nothing_is_said_to_be_sent_after_it",
        (SLOW, OPENED, TICKS, ("acknowledges", {"n": 0, "who": "ben"}), ("answers", {})),
    ),
    "sent_before_it_is_sent": Bug(
        "the log says that a message was sent before it is",
        "i_15_nothing_goes_out_without_a_lease",
        (OPENED, TICKS),
    ),
    "a_duplicate_is_not_labelled": Bug(
        "what is claimed anew after its lease ran out goes out as if for the first time",
        "i_14_a_repeat_says_that_it_is_one",
        (OPENED, ("dies", {"node": 0, "at": "send.post_wire"}), ("passes", {"seconds": 31}), TICKS),
    ),
    "a_snooze_never_ends": Bug(
        "the end of a snooze is none of the instants of which the earliest comes next",
        "i_04_whoever_has_it_is_asked_again",
        (OPENED, ("snoozes", {"n": 0, "who": "ana", "minutes": 10})),
    ),
    "reopened_without_a_time": Bug(
        "one path, the reopening by a monitor, forgets to say what comes next",
        "i_04_nobody_is_forgotten",
        (OPENED, ("says", {"service": "payments", "key": "k0", "action": "resolve"}), OPENED),
    ),
    "a_late_step_is_made_up_for": Bug(
        "a step's delay counts from when the one before was due, not from when it fired: after an outage all fire at once",
        "i_09_every_step_waits_its_time",
        (OPENED, ("passes", {"seconds": 7200}), TICKS),
    ),
    "a_dead_link_acts": Bug(
        "a link acts for somebody whom the newest cycle has not paged",
        "i_22_a_link_does_only_what_it_says",
        (OPENED, TICKS, ("reassigns", {"n": 0, "to": "cleo"}), TICKS, ("presses", {"n": 1, "verb": "acknowledge"})),
    ),
    "an_ack_is_not_conditional": Bug(
        "an acknowledgement takes what somebody else has just acknowledged",
        "i_20_an_acknowledgement_counts_once",
        (OPENED, ("both_acknowledge", {"n": 0, "one": "ana", "other": "ben"})),
    ),
    "the_engine_waits_for_locks": Bug(
        "a node that stands still with its rows locked holds up every other one: no `skip locked`",
        "i_16_a_node_that_stands_still_holds_up_no_other",
        (OPENED, ("passes", {"seconds": 300}), ("stands_still", {"node": 0, "at": "engine.post_claim", "meanwhile": "ticks"})),
    ),
    "a_try_is_rewritten": Bug(
        "a sender that comes back late rewrites what was recorded of its try",
        "i_13_the_past_stays_as_it_was",
        (
            ("provides", {"channel": "email", "mode": "slow"}),
            OPENED,
            TICKS,
            ("passes", {"seconds": 31}),
            ("ticks", {"node": 1}),
            ("answers", {}),
        ),
    ),
    "a_repeat_is_news": Bug(
        "every repeat of an alert that somebody has acknowledged pages them anew",
        "i_17_a_repeat_pages_nobody",
        (OPENED, ("acknowledges", {"n": 0, "who": "ben"}), OPENED),
    ),
    "a_monitors_word_ends_nothing": Bug(
        "a monitor acknowledges the news of what somebody has: what was paged for the news is sent all the same",
        "i_11_an_acknowledgement_ends_what_was_paged",
        (
            ("says", {"service": "search", "key": "k0"}),
            TICKS,
            ("acknowledges", {"n": 0, "who": "ben"}),
            ("passes", {"seconds": 60}),
            ("says", {"service": "search", "key": "k1"}),
            TICKS,
            ("says", {"service": "search", "key": "k0", "action": "acknowledge"}),
            ("says", {"service": "search", "key": "k1", "action": "acknowledge"}),
        ),
    ),
    "a_receipt_counts_as_it_comes": Bug(
        "the last receipt that came is how far the message did",
        "f_19_a_receipt_is_kept_and_stops_nothing",
        (
            OPENED,
            TICKS,
            ("receives", {"n": 0, "state": "read", "by": "ours"}),
            ("receives", {"n": 0, "state": "delivered", "by": "theirs"}),
        ),
    ),
    "whoever_is_paged_again_waits": Bug(
        "what is triggered again waits to travel with others, as if it were the first page of it",
        "i_18_nobody_waits_longer_than_is_said",
        (
            ("floods", {"service": "payments", "count": 4, "severity": "critical"}),
            TICKS,
            ("acknowledges", {"n": 0, "who": "ana"}),
            ("unacknowledges", {"n": 0, "who": "ana"}),
            TICKS,
        ),
    ),
}
