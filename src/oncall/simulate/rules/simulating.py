"""What happened in a simulated world, told as steps: whom each paged, by which ways, whom not, and why. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from oncall.contacts.rules import as_sent, plan_ways
from oncall.contacts.values import Reach
from oncall.escalation.values import PlannedPage
from oncall.incidents.rules.recounting import sentence
from oncall.kit.ids import UserId
from oncall.notifications.rules import mask, plan_page
from oncall.notifications.values import Way
from oncall.simulate.values.replaying import Verb
from oncall.simulate.values.simulating import Message, Moment, Paging, Reacted, SimulatedStep

RESOLVED, ENDED = frozenset({Verb.RESOLVE}), frozenset({Verb.RESOLVE, Verb.ACKNOWLEDGE})
DONE = {Verb.ACKNOWLEDGE: "acknowledges it", Verb.RESOLVE: "resolves it"}


def steps_of(happened: Sequence[Moment | Reacted], reach: Mapping[UserId, Reach], lacking: Mapping[str, str]) -> list[SimulatedStep]:
    """In the order of time. An instant at which nothing was paged or is to be said is none. By what is `lacking` nothing is sent."""
    ends = [one for one in happened if isinstance(one, Reacted) and one.changed]
    return [step for one in happened for step in _step(one, reach, lacking, ends)]


def _step(
    one: Moment | Reacted, reach: Mapping[UserId, Reach], lacking: Mapping[str, str], ends: Sequence[Reacted]
) -> Iterator[SimulatedStep]:
    if isinstance(one, Reacted):
        words = DONE[one.verb] if one.changed else f"would {one.verb.value} it, but there is nothing to {one.verb.value} then"
        yield SimulatedStep(one.at, "reaction", f"{one.by} {words}.")
    elif one.pages or one.notes:
        pages = [_paging(page, reach[page.user_id], lacking, one, ends) for page in one.pages if page.user_id in reach]
        sentences = [note.reason for note in one.notes] + [f"{page.name} is paged: {page.because}" for page in pages]
        names = {its.name for its in reach.values() if its.team_id is None} | {end.by for end in ends}
        kind = "paged" if pages else one.notes[-1].kind if one.notes else "paged"
        yield SimulatedStep(one.at, kind, " ".join(sentence(words, names=names) for words in sentences), pages, one.notes)


def _paging(page: PlannedPage, reach: Reach, lacking: Mapping[str, str], one: Moment, ends: Sequence[Reacted]) -> Paging:
    """An acknowledgement ends every repetition, and whatever is no step's that only a resolve stops."""
    ways = plan_ways(reach, one.urgency, repeats=not (page.until_resolved and one.acknowledged))
    over = {verbs: _first(ends, verbs, since=one.at) for verbs in (RESOLVED, ENDED)}

    def cancelled(way: Way) -> bool:
        end = over[RESOLVED if page.until_resolved and not way.again else ENDED]
        return end is not None and way.next_at > one.at and way.next_at >= end

    planned = plan_page(reach, ways, one.urgency, due_at=one.at, now=one.at)
    messages = [
        Message(way.next_at, way.channel, mask(way.address), cancelled(way), only_after_failure=way.stands_in_for is not None)
        for way in planned
    ]
    sent = as_sent(reach, ways, lacking)
    return Paging(page.user_id, reach.name, page.reason, messages, sent.reason, sent.reachable)


def _first(ends: Sequence[Reacted], verbs: frozenset[Verb], *, since: datetime) -> datetime | None:
    return min((end.at for end in ends if end.at >= since and end.verb in verbs), default=None)
