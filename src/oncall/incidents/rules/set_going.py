"""What one event set going in its incident: what was done in its own transaction, and what followed from that. Pure."""

from collections.abc import Iterable

from oncall.incidents.rules.recounting import at_once, consequences
from oncall.incidents.values import Action, Decision
from oncall.incidents.values.explaining import Story
from oncall.timeline.values import Kind, Recorded

OF_ANOTHER = {Kind.OPENED, Kind.REOPENED, Kind.SEVERITY_CHANGED}
"""What is the doing of one event of a body, and of no other in it."""

IS_NEWS = {Decision.BROKE_THROUGH, Decision.UNREADABLE, Decision.HELD_FLAPPING}


def with_it(story: Story) -> list[Recorded]:
    """What happened to its incident when it was taken: its own doing, and that of what came in the same body."""
    return at_once(story.since, story.event.received_at)


def set_going(story: Story) -> list[Recorded]:
    """Everything until somebody had it, from what the event itself did: it opened, reopened, made graver, broke through an acknowledgement,
    or was the one that a threshold waited for. Of a mere repeat nothing.
    """
    event, together = story.event, with_it(story)
    if story.incident is not None and story.incident.id == event.id:
        return consequences(story.since, None)
    if event.decision is Decision.REOPENED or (event.decision is Decision.UNREADABLE and holds(together, Kind.REOPENED)):
        return consequences(story.since, Kind.REOPENED)
    begins = next((one.entry.kind for one in together if _is_its_doing(story, one, together)), None)
    return consequences(story.since, begins) if begins else []


def is_repeat(story: Story) -> bool:
    """Whether its alert was open already; of what cannot be read only the count of its triggers says so."""
    event = story.event
    if event.decision is not Decision.UNREADABLE:
        return event.decision is Decision.DEDUPLICATED
    return story.nth is not None and story.nth > 1 and not holds(with_it(story), Kind.REOPENED)


def holds(entries: Iterable[Recorded], kind: Kind) -> bool:
    return any(recorded.entry.kind is kind for recorded in entries)


def _is_its_doing(story: Story, recorded: Recorded, together: Iterable[Recorded]) -> bool:
    event = story.event
    match recorded.entry.kind:
        case Kind.SEVERITY_CHANGED:
            return recorded.entry.detail.get("severity", event.severity.value) == event.severity.value
        case Kind.BROKE_THROUGH:
            return event.decision in IS_NEWS
        case Kind.RELEASED:
            return event.action is Action.TRIGGER and not any(one.entry.kind in OF_ANOTHER for one in together)
        case _:
            return False
