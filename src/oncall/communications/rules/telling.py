"""The words of messages about status updates. Pure."""

from collections.abc import Mapping

from oncall.communications.rules.wording import paragraphs
from oncall.communications.values.subscribers import Followed, Told, Words
from oncall.communications.values.updates import Audience
from oncall.kit.ids import IncidentId, ServiceId, TeamId

OURS = "our services"
"""What nobody outside has a name for."""


def words_of(told: Told, *, number: int, incident_title: str, about: str) -> Words:
    """A public update is told under its published title and nothing of the incident beside it; an internal one says which it is."""
    state = told.state.value.capitalize()
    if told.audience is Audience.PUBLIC:
        return Words(f"[{state}] {told.title or 'An incident'}", (*paragraphs(told.text), f"You are told because you follow {about}."))
    where = f"#{number} {told.title or incident_title}"
    return Words(
        f"[{state}] {where}", (*paragraphs(told.text), f"Internal: not for people outside. You are told because you follow {about}.")
    )


def question(about: str) -> Words:
    """The one message to an address that has not agreed yet."""
    return Words(
        f"Do you want status updates about {about}?",
        (
            f"Somebody entered this address to be told of status updates about {about}.",
            "If you want them, open the link and press Confirm. If not, do nothing: you will hear nothing more.",
        ),
    )


def spoken(
    followed: Followed,
    *,
    numbers: Mapping[IncidentId, int],
    services: Mapping[ServiceId, str],
    teams: Mapping[TeamId, str],
) -> str:
    """What somebody inside follows, in a few words."""
    if followed.incident_id is not None:
        return f"incident #{numbers.get(followed.incident_id, '?')}"
    if followed.service_id is not None:
        return f"service {services.get(followed.service_id, '(deleted)')}"
    return f"team {teams.get(followed.team_id, '(deleted)') if followed.team_id else '(deleted)'}"


def spoken_outside(followed: Followed, *, numbers: Mapping[IncidentId, int], shown: Mapping[ServiceId, str]) -> str:
    """The same for whoever is told only what is public: a service is what a public feed calls it, and nothing else has a name."""
    if followed.incident_id is not None:
        return f"incident #{numbers.get(followed.incident_id, '?')}"
    return shown.get(followed.service_id, OURS) if followed.service_id else OURS
