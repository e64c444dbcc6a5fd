"""People are asked to join an incident, and answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.channels.ports import Channels
from oncall.contacts.commands.reaching import lacking_of
from oncall.contacts.rules import ways_of
from oncall.escalation import People, gather_people
from oncall.escalation.values import Target, TargetType
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.beside import told_of
from oncall.incidents.commands.escalate import page_of, subject_of
from oncall.incidents.commands.joining import write
from oncall.incidents.commands.so_far import words_so_far
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules import responders as rules
from oncall.incidents.rules.considering import Considering
from oncall.incidents.rules.quiet import held_by, spared
from oncall.incidents.rules.returning import check_open
from oncall.incidents.store import responders as store
from oncall.incidents.values import Incident, Told
from oncall.incidents.values.acting import CannotAct
from oncall.incidents.values.responders import Asked, Request, RequestId, RequestState, UnknownRequest
from oncall.kit.actors import ENGINE, Actor
from oncall.kit.ids import TeamId, UserId, new_id
from oncall.notifications import page_people
from oncall.services.commands import get_services
from oncall.teams.commands import get_teams, get_users


async def ask(
    tx: AsyncConnection,
    ref: UUID | int,
    *,
    by: Actor,
    user_ids: Sequence[UserId] = (),
    team_ids: Sequence[TeamId] = (),
    message: str,
    channels: Channels | None = None,
    now: datetime,
) -> Asked:
    """Page these people, and whoever is on call for these teams, now, unless they were asked and have not declined. Of whom no page
    reaches that is said; by the `channels` of this node, where somebody waits for the answer.
    """
    if not user_ids and not team_ids:
        raise CannotAct("Say who is to join: `user_ids`, `team_ids` for their on-call, or both.", field="user_ids")
    incident = (await lock(tx, ref)).incident
    check_open(incident, to="joined")
    await _check_known(tx, user_ids, team_ids)
    targets = {Target(TargetType.TEAM, id): id for id in team_ids}
    people = await gather_people(tx, (), also=user_ids, targets=targets, now=now)
    asked, says = _whom(user_ids, targets, people)
    before = await store.list_requests(tx, incident.id)
    names = {user: people.reach[user].name for user in asked}
    ids = [RequestId(new_id()) for _ in asked]
    made = rules.new_requests(ids, incident, asked, names, before, message, by, now=now)
    if made:
        await store.add_requests(tx, made)
        await _page(tx, incident, made, people, now=now)
    new = {one.user_id for one in made}
    standing = {one.user_id: one for one in [*before, *made] if one.user_id in asked}  # the last one of each
    says += [f"{names[user]} was asked before and is not paged once more" for user in asked if user not in new]
    lacking = lacking_of(channels, people.reach.values()) if channels is not None else {}
    ways = [ways_of(people.reach[one.user_id], incident.urgency, lacking) for one in made]
    says += [its.reason for its in ways if not its.reachable]
    later = {one.user_id: why for one in made if (why := held_by(one.user_id, people, incident.urgency, now=now))}
    says += [f"the page to {names[user]} is {why}" for user, why in later.items()]
    return Asked(incident, list(standing.values()), bool(made), says, frozenset(later))


async def list_requests(tx: AsyncConnection, ref: UUID | int) -> list[Request]:
    """Of one that was merged, those of the incident that has its alerts now."""
    incident = await end_of(tx, await get_incident(tx, ref))
    return await store.list_requests(tx, incident.id)


async def answer(
    tx: AsyncConnection, ref: UUID | int, id: UUID, state: RequestState, *, by: Actor, reason: str | None, now: datetime
) -> tuple[Request, bool]:
    """What whoever was asked says, or that they are not needed; said once more, nothing changes. The last word counts."""
    incident = (await lock(tx, ref)).incident
    request = await store.find_request(tx, incident.id, id)
    if request is None:
        raise UnknownRequest("Nobody was asked by this id to join this incident.")
    after = rules.answered(request, state, by, reason=reason, now=now)
    if after is None:
        return request, False
    await write(tx, [after], now=now)
    return after, True


async def _check_known(tx: AsyncConnection, user_ids: Sequence[UserId], team_ids: Sequence[TeamId]) -> None:
    users, teams = await get_users(tx, user_ids), await get_teams(tx, team_ids)
    if missing := [id for id in user_ids if id not in users]:
        raise CannotAct(f"There is no user {missing[0]}.", field="user_ids")
    if missing_teams := [id for id in team_ids if id not in teams]:
        raise CannotAct(f"There is no team {missing_teams[0]}.", field="team_ids")


def _whom(user_ids: Sequence[UserId], targets: Mapping[Target, TeamId], people: People) -> tuple[dict[UserId, TeamId | None], list[str]]:
    """Each person once, as themselves or as the one on call for a team; a team that is nobody now is said, or refused if it is all."""
    asked: dict[UserId, TeamId | None] = dict.fromkeys(user_ids)
    says: list[str] = []
    for target, team in targets.items():
        duty = people.on_duty[target]
        for user in duty.users:
            if user in people.reach:
                asked.setdefault(user, team)
        if not duty.users:
            says.append(duty.reason)
    if not asked:
        raise CannotAct(f"Nobody would be asked: {'; '.join(says)}. Name a person.", field="team_ids")
    return asked, says


async def _page(tx: AsyncConnection, incident: Incident, made: Sequence[Request], people: People, *, now: datetime) -> None:
    services = await get_services(tx, [incident.service_id])
    told = (await told_of(tx, [incident.id])).get(incident.id, Told())
    planned = [spared(rules.page_for(one), people, incident.urgency, now=now) for one in made]
    subject = subject_of(incident, services, told, (await words_so_far(tx, [incident]))[incident.id])
    await page_people(tx, [page_of(incident, page, subject, due_at=now) for page in planned], people.reach, now=now)
    considering, entries = Considering(people), []
    for request, page in zip(made, planned, strict=True):
        at, user = page.position, f"{request.user_id}"
        said = f"{request.user_name} is asked to join" + (f": {request.message}" if request.message else "")
        entries.append(timeline.Entry(incident.id, now, timeline.Kind.RESPONDER_REQUESTED, request.requested_by, said, {"user_id": user}))
        where: dict[str, object] = {"user_id": user, "cycle": at.cycle, "round": at.round, "step": at.step}
        ways = considering.ways_to(request.user_id, incident.urgency)
        reason = f"{request.user_name} is paged: {page.reason}"
        entries.append(timeline.Entry(incident.id, now, timeline.Kind.PAGED, ENGINE, reason, {**where, **ways}))
    await timeline.add(tx, entries)
