"""What becomes of what somebody outside says of an incident. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from oncall.incidents.rules.returning import OPEN
from oncall.incidents.values import Incident
from oncall.incidents.values.vendors import MOST_WORDS, Say, Vendor, VendorState
from oncall.kit.actors import Actor, ActorKind

SAID = {Say.HAS_IT: VendorState.HAS_IT, Say.SOLVED: VendorState.SOLVED}
WORDS = {VendorState.HAS_IT: "we have it", VendorState.SOLVED: "it is solved"}


@dataclass(frozen=True, slots=True)
class Heard:
    """The vendor as they are now, the sentence for the timeline where they said how they stand, and the note they wrote."""

    vendor: Vendor
    says: str | None
    note: str | None


def actor_of(vendor: Vendor) -> Actor:
    return Actor(ActorKind.EXTERNAL, vendor.id, vendor.name, "link")


def may_speak(incident: Incident, vendor: Vendor) -> bool:
    """The link dies when the incident is resolved, or when more was said than anybody reads."""
    return incident.status in OPEN and vendor.words < MOST_WORDS


def heard(vendor: Vendor, say: Say, text: str, *, now: datetime) -> Heard | None:
    """None: they said nothing, or the same as before."""
    state = SAID.get(say, vendor.state)
    note = text.strip() or None
    if state is vendor.state and note is None:
        return None
    says = f"{vendor.name} says: {WORDS[state]}" if state is not vendor.state else None
    return Heard(replace(vendor, state=state, said_at=now, words=vendor.words + 1), says, note)
