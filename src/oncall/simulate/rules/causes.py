"""Which rules made a difference. Pure."""

from collections.abc import Collection, Sequence
from itertools import chain

from oncall.kit.ids import IncidentId
from oncall.simulate.values.replaying import Difference, Kind, Outcome, RuleKind, RuleNamed, RuleRef

OF_OUTCOME = {Kind.ANOTHER_URGENCY: "urgency", Kind.ANOTHER_SERVICE: "", Kind.PAGED_OTHER_PEOPLE: "escalation_policy_id"}
TRACED = {"grouping", "flapping", "threshold", "delay"}
"""Settings of services that are noted where they have a part in something; of the others it is known only that they apply."""


def causes_of(difference: Difference, changed: Collection[RuleRef]) -> list[RuleRef]:
    """Of what was changed that which had a part in these incidents; if nothing of that did, whatever had a part in one world only; where
    nothing was proposed, what had a part in what there would be.
    """
    took_part = _took_part(difference.before), _took_part(difference.after)
    hits = (took_part[0] | took_part[1]) & set(changed)
    services = {one.service_id for one in (*difference.before, *difference.after)}
    applying = {ref for ref in changed if ref.kind is RuleKind.SERVICE and ref.id in services and ref.setting not in TRACED}
    wanted = OF_OUTCOME.get(difference.kind)
    urgencies = {one.urgency for one in difference.before} != {one.urgency for one in difference.after}
    hits |= {ref for ref in applying if ref.setting == wanted or (ref.setting == "urgency" and urgencies)}
    if not hits:
        hits = applying
    if not hits:
        hits = took_part[0] ^ took_part[1] if changed else took_part[1]
    return sorted(hits, key=lambda ref: (ref.kind, ref.id, ref.setting))


def _took_part(outcomes: Collection[Outcome]) -> set[RuleRef]:
    return set(chain.from_iterable(one.rules for one in outcomes))


def first_of(difference: Difference) -> IncidentId:
    """The incident that a difference is called by: the first before, else the first after."""
    return min(one.id for one in (difference.before or difference.after))


SAYS = {
    Kind.OPENED: "an incident is opened where there was none",
    Kind.NOT_OPENED: "no incident is opened",
    Kind.ANOTHER_SERVICE: "it concerns another service",
    Kind.GROUPED_OTHERWISE: "its events are grouped otherwise",
    Kind.NOT_PAGED: "nobody is paged",
    Kind.PAGED: "somebody is paged",
    Kind.PAGED_LESS: "people are paged less often",
    Kind.PAGED_MORE: "people are paged more often",
    Kind.PAGED_OTHER_PEOPLE: "other people are paged",
    Kind.PAGED_LATER: "people are paged later",
    Kind.PAGED_EARLIER: "people are paged earlier",
    Kind.ANOTHER_URGENCY: "its urgency is another",
    Kind.ANOTHER_SEVERITY: "its severity is another",
}


def sentence_of(difference: Difference, because: Sequence[RuleNamed]) -> str:
    """The difference as one says it: "nobody is paged, by silence “deploy” (added): pages 1 before, 0 after"."""
    counts = [sum(len(paged.user_ids) for one in its for paged in one.pages) for its in (difference.before, difference.after)]
    by = f", by {' and '.join(rule.sentence for rule in because[:3])}" if because else ""
    incidents = f"incidents {len(difference.before)} before, {len(difference.after)} after; "
    of = incidents if len(difference.before) != len(difference.after) else ""
    return f"{SAYS[difference.kind]}{by}: {of}pages {counts[0]} before, {counts[1]} after"
