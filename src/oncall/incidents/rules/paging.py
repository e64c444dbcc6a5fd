"""A person or a team is paged directly: to which service that belongs, the incident it opens, and whom it reaches. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, People, Position, Snapshot
from oncall.incidents.rules.assigned import advance_incident
from oncall.incidents.rules.quiet import held_by, quiet_of
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Severity, Status
from oncall.incidents.values.paging import CannotPage, Home, NobodyReached, Paged, PagedDirectly, Wanted, Whom
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, TeamId
from oncall.services.values import Service


def check_about(wanted: Wanted) -> None:
    """An incident that is open is what it is."""
    if wanted.incident_id is not None and (wanted.service_id is not None or wanted.urgency is not None):
        raise CannotPage(
            "An incident has its own service and urgency: leave `service_id` and `urgency` out, or `incident_id`.", field="incident_id"
        )


def check_whom(user_id: UUID | None, team_id: UUID | None) -> None:
    if (user_id is None) == (team_id is None):
        raise CannotPage("Say who is to be paged: `user_id`, or `team_id` for its on-call; one of them.", field="user_id")


def home_of(whom: Whom, teams: Sequence[TeamId], owned: Sequence[Service]) -> Home:
    """Where a page belongs that names no service: the oldest service of the team, or of the first of a person's teams that has one."""
    order = {team: n for n, team in enumerate(teams)}
    its = sorted(owned, key=lambda service: (order.get(service.team_id, len(order)) if service.team_id else len(order), service.id))
    if not its:
        which = f"Team {whom.name} owns no service" if whom.team_id else f"{whom.name} is in no team that owns a service"
        raise CannotPage(f"{which}: name the one this is about as `service_id`; its policy pages if nobody answers.", field="service_id")
    if len(its) == 1:
        return Home(its[0])
    whose = whom.called if whom.team_id else f"the teams of {whom.name}"
    says = f"no service was named, so it belongs to {its[0].name}, the first one of {whose}: `service_id` names another"
    return Home(its[0], says)


def opened_to_page(
    id: IncidentId, whom: Whom, wanted: Wanted, service: Service, snapshot: Snapshot, by: Actor, *, now: datetime
) -> Incident:
    """An incident made by hand, of high urgency unless another is wanted. It waits for those it pages, then for its policy."""
    urgency = wanted.urgency or Urgency.HIGH
    return timed(
        Incident(
            id=id,
            number=0,
            service_id=service.id,
            title=wanted.title,
            status=Status.TRIGGERED,
            severity=Severity.UNKNOWN if urgency is Urgency.HIGH else Severity.INFO,
            urgency=urgency,
            snapshot=snapshot,
            position=Position(),
            escalation_state=EscalationState.RUNNING,
            escalation_reason=f"{by.name} pages {whom.called} directly",
            escalation_since=now,
            step_at=now,
            next_at=now,
            ack_timeout=service.ack_timeout,
            reopen_window=service.reopen_window,
            process=service.filing.process,
            triggered_at=now,
            assigned_to_id=whom.user_id,
            assigned_team_id=whom.team_id,
            opened_by=by,
        )
    )


def reaches(incident: Incident, whom: Whom, people: People, *, now: datetime) -> PagedDirectly:
    """Whom its first pages go to now, by the rule that makes them, and whose wait for the end of quiet hours; refused if the whole path
    reaches nobody by a way known to work.
    """
    then = advance_incident(incident, people, now=now)
    why = [note.reason for note in then.notes if note.kind in {"unreachable", "step_skipped"}]
    if then.state is EscalationState.UNROUTABLE:
        raise NobodyReached(
            f"A page to {whom.called} would reach nobody, nor would what follows it: {'; '.join(why)}. "
            "Nothing was opened: page somebody else, or first verify a contact method on a channel that is set up."
        )
    held = quiet_of(then.pages, people, incident.urgency, now=now)
    if held is not None:
        return PagedDirectly(incident, [], [*why, f"nothing is sent yet: {held.reason}"])
    names = {page.user_id: people.reach[page.user_id].name for page in then.pages}
    later = {user: by for user in names if (by := held_by(user, people, incident.urgency, now=now))}
    waits = [f"the page to {names[user]} is {by}" for user, by in later.items()]
    return PagedDirectly(incident, [Paged(user, name) for user, name in names.items() if user not in later], [*why, then.reason, *waits])
