"""How a page that was sent is to look when its incident has moved on. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Sent, Standing
from oncall.kit.ids import IncidentId
from oncall.notifications.values.editing import EDIT_DELAYS, Edit, Listed, NewStanding
from oncall.notifications.values.updating import News

ALL = frozenset({"acknowledge", "resolve", "escalate"})
LEFT: Mapping[str, frozenset[str]] = {
    "acknowledged": frozenset({"resolve", "escalate"}),
    "resolved": frozenset(),
    "merged": frozenset(),
}
"""What may still be done; in every other state, all."""

HAD = frozenset({*LEFT, "snoozed"})
"""Somebody has it, or nobody need."""


def standings(news: Sequence[News], triggered_again: Sequence[IncidentId]) -> list[NewStanding]:
    """How each of these incidents stands now; of two that are told of one, the later."""
    latest = {id: NewStanding(id, "triggered", "nobody has it any more: it pages again") for id in triggered_again}
    latest |= {one.incident_id: NewStanding(one.incident_id, one.state, one.said) for one in news}
    return [latest[id] for id in sorted(latest)]


def standing_of(edit: Edit) -> Standing:
    return Standing(edit.said, edit.at, LEFT.get(edit.state, ALL))


def standing_of_list(listed: Sequence[Listed], *, at: datetime) -> Standing:
    """How many of a list somebody has, or are over. Its one button acknowledges: it stays as long as that is of use for any of them."""
    states = [one.now.state if one.now else "triggered" for one in listed]
    had = sum(state in HAD for state in states)
    said = f"{had} of {len(listed)} are acknowledged or over" if had else "nobody has any of these"
    useful = any("acknowledge" in LEFT.get(state, ALL) for state in states)
    return Standing(said if had < len(listed) else "all of these are acknowledged or over", at, ALL if useful else frozenset())


def try_again_at(edit: Edit, outcome: Outcome | None, *, now: datetime) -> datetime | None:
    """When to try again what came to nothing (None: it was not even on its provider's side yet), or None: it is done, or let be."""
    if isinstance(outcome, Sent | FailedPermanently) or edit.tries > len(EDIT_DELAYS):
        return None
    wait = EDIT_DELAYS[edit.tries - 1]
    if isinstance(outcome, FailedTemporarily) and outcome.retry_after:
        wait = min(max(wait, outcome.retry_after), timedelta(minutes=5))
    return now + wait
