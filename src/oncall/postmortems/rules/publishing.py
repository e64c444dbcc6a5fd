"""Who may see, write and publish a postmortem, who owes one, and when they are told so. Pure."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from oncall.access.values import Caller, Scope
from oncall.incidents.values import Incident
from oncall.incidents.values import Status as IncidentStatus
from oncall.kit.ids import TeamId, UserId
from oncall.postmortems.rules.templates import left_to_fill_in
from oncall.postmortems.values import MOST_BYTES, TO_FILL_IN, InvalidPostmortem, NotYourTeams, Owed, Postmortem, Settings, Status, Text

WEEK = timedelta(days=7)
OVER = {IncidentStatus.RESOLVED, IncidentStatus.CLOSED}


def sees_drafts(caller: Caller) -> bool:
    """Who may respond; others, stakeholders above all, read what is published."""
    return caller.scope is not Scope.READ


def check_writes(caller: Caller, team_id: TeamId | None, responders: Collection[UserId]) -> None:
    """The responders and managers of the team that owns it; of one that no team owns, every person who responds; admins."""
    if caller.scope is Scope.ADMIN or (caller.user_id is not None and (team_id is None or caller.user_id in responders)):
        return
    raise NotYourTeams(
        "Only responders and managers of the team that owns it, with a key of their own, or an admin may write this: "
        "ask one of them, or an admin for a place in the team."
    )


def check_text(text: Text, settings: Settings, before: Text | None = None) -> None:
    """What people write is short enough, and its contributing factors are words of the vocabulary, or were there before."""
    faults = []
    if (size := len(text.body.encode())) > MOST_BYTES:
        faults.append(("body", f"A body has {MOST_BYTES:,} bytes at most; this one has {size:,}."))
    known = {*settings.factors, *(before.factors if before else ())}
    faults += [
        ("contributing_factors", f"“{factor}” is not in the vocabulary: GET /api/v1/postmortem-settings lists it.")
        for factor in text.factors
        if factor not in known
    ]
    if faults:
        raise InvalidPostmortem("This postmortem cannot be kept so: see `errors`.", faults=faults)


def published(postmortem: Postmortem, *, by: str, now: datetime) -> Postmortem:
    """For everybody to read from now on; nothing in it may be left to be filled in."""
    check_finished(postmortem.text)
    return replace(postmortem, status=Status.PUBLISHED, published_by=by, published_at=now)


def check_finished(text: Text) -> None:
    """Nothing that is published has a mark of what people are to fill in; all that has one is named at once."""
    if missing := left_to_fill_in(text.body):
        raise InvalidPostmortem(
            f"Something in it is still marked {TO_FILL_IN}: write it, or take it away, and publish then.",
            faults=[("body", f"Under “{heading}” something is left to fill in.") for heading in missing],
        )


def owes(incident: Incident) -> bool:
    """A major incident that is over, and was not merged into another that stands for it."""
    return incident.is_major and incident.status in OVER and incident.resolved_at is not None and incident.merged_into_id is None


def owed_by(incident: Incident) -> UserId | None:
    """Its owner, else whoever acknowledged it, else whoever resolved it."""
    actors = [one.id for one in (incident.acknowledged_by, incident.resolved_by) if one is not None and one.kind.value == "user"]
    return incident.owner_id or next((UserId(id) for id in actors if id is not None), None)


def reminder_of(owed: Owed, *, now: datetime) -> datetime | None:
    """The last instant that has come at which whoever owes it is told: when it is over, when it is due, then every week."""
    if now < owed.since:
        return None
    if now < owed.due_at:
        return owed.since
    return owed.due_at + (now - owed.due_at) // WEEK * WEEK
