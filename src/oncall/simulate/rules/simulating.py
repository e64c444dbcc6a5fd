"""What happened in a simulated world, told as steps: whom each paged, by which ways, whom not, and why. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Reach, Urgency
from oncall.escalation.values import PlannedPage
from oncall.kit.ids import UserId
from oncall.notifications.rules import mask, plan_page
from oncall.simulate.values.replaying import Verb
from oncall.simulate.values.simulating import Message, Moment, Paging, Reacted, SimulatedStep

DONE = {Verb.ACKNOWLEDGE: "acknowledges it", Verb.RESOLVE: "resolves it"}


def steps_of(happened: Sequence[Moment | Reacted], reach: Mapping[UserId, Reach]) -> list[SimulatedStep]:
    """In the order of time. An instant at which nothing was paged and nothing is to be said is none."""
    ends = [one for one in happened if isinstance(one, Reacted) and one.changed]
    return [step for one in happened for step in _step(one, reach, ends)]


def _step(one: Moment | Reacted, reach: Mapping[UserId, Reach], ends: Sequence[Reacted]) -> Iterator[SimulatedStep]:
    if isinstance(one, Reacted):
        words = DONE[one.verb] if one.changed else f"would {one.verb.value} it, but there is nothing to {one.verb.value} then"
        yield SimulatedStep(one.at, "reaction", f"{one.by} {words}.")
    elif one.pages or one.notes:
        pages = [_paging(page, reach[page.user_id], one.urgency, one.at, ends) for page in one.pages if page.user_id in reach]
        sentences = [note.reason for note in one.notes] + [f"{page.name} is paged: {page.because}" for page in pages]
        kind = "paged" if pages else one.notes[-1].kind if one.notes else "paged"
        yield SimulatedStep(one.at, kind, " ".join(f"{words[:1].upper()}{words[1:]}." for words in sentences), pages, one.notes)


def _paging(page: PlannedPage, reach: Reach, urgency: Urgency, at: datetime, ends: Sequence[Reacted]) -> Paging:
    ways = plan_ways(reach, urgency)
    stops = {Verb.RESOLVE} if page.until_resolved else {Verb.RESOLVE, Verb.ACKNOWLEDGE}
    over = min((end.at for end in ends if end.at >= at and end.verb in stops), default=None)
    messages = [
        Message(way.next_at, way.channel, mask(way.address), way.next_at > at and over is not None and way.next_at >= over)
        for way in plan_page(reach, urgency, due_at=at, now=at)
    ]
    return Paging(page.user_id, reach.name, page.reason, messages, ways.reason, ways.reachable)
