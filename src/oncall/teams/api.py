"""REST for users, teams and who is in them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.kit.narrow import together
from oncall.teams import commands
from oncall.teams.ports import CheckTeamSchedule, HowReachable, OnQuietHoursChanged, OnTeamsChanging, OnUserRemoved
from oncall.teams.schemas import MemberIn, MemberShown, RoleIn, TeamEdit, TeamIn, TeamShown, UserEdit, UserIn, UserShown
from oncall.teams.values import Team, User

users = APIRouter(prefix="/api/v1/users", tags=["users"])
teams = APIRouter(prefix="/api/v1/teams", tags=["teams"])

Filter = Annotated[str | None, Query(max_length=254)]


async def _show_user(request: Request, tx: ReadTx, user: User, response: Response) -> UserShown:
    set_etag(response, user.version)
    [shown] = await _show_users(request, tx, [user])
    return shown


async def _show_users(request: Request, tx: ReadTx, users: Sequence[User]) -> list[UserShown]:
    how_reachable: HowReachable = request.app.state.how_reachable
    reachable = await how_reachable(tx, users)
    return [UserShown.of(user, reachable[user.id]) for user in users]


def _show_team(team: Team, response: Response) -> TeamShown:
    set_etag(response, team.version)
    return TeamShown.model_validate(team)


@users.post("", status_code=201)
async def create_user(request: Request, response: Response, _: Admin, tx: WriteTx, wanted: UserIn) -> UserShown:
    user = await commands.create_user(
        tx,
        name=wanted.name,
        email=wanted.email,
        time_zone=wanted.time_zone,
        org_roles=wanted.org_roles,
        now=await now_in(request, tx),
    )
    return await _show_user(request, tx, user, response)


@users.get("")
async def list_users(request: Request, _: Reader, tx: ReadTx, page: Paging, email: Filter = None) -> Listed[UserShown]:
    found, next_cursor = page.cut(await commands.list_users(tx, after=page.after, limit=page.limit + 1, email=email))
    return Listed(items=await _show_users(request, tx, found), next_cursor=next_cursor)


@users.get("/{id}")
async def get_user(request: Request, response: Response, id: UserId, _: Reader, tx: ReadTx) -> UserShown:
    """With `reachable`: whether pages of each urgency reach this person, and by which ways, or why not."""
    return await _show_user(request, tx, await commands.get_user(tx, id), response)


@users.patch("/{id}")
async def edit_user(request: Request, response: Response, id: UserId, _: Admin, tx: WriteTx, version: IfMatch, edit: UserEdit) -> UserShown:
    edited = await commands.edit_user(tx, id, edit.changes(), version=version)
    if edited.quiet_hours is not None and "time_zone" in edit.model_fields_set:  # they are hours of another clock now
        on_changed: OnQuietHoursChanged = request.app.state.on_quiet_hours_changed
        await on_changed(tx, now=await now_in(request, tx))
    return await _show_user(request, tx, edited, response)


@users.delete("/{id}", status_code=204)
async def delete_user(request: Request, id: UserId, _: Admin, tx: WriteTx) -> Response:
    now = await now_in(request, tx)
    await _changing(request, tx, await commands.teams_of(tx, id))
    await commands.delete_user(tx, id, now=now)
    on_removed: OnUserRemoved = request.app.state.on_user_removed
    await on_removed(tx, id, now=now)
    return Response(status_code=204)


async def _changing(request: Request, tx: WriteTx, teams: Sequence[TeamId]) -> None:
    on_changing: OnTeamsChanging = request.app.state.on_teams_changing
    await on_changing(tx, teams, now=await now_in(request, tx))


async def _check_schedule(request: Request, tx: WriteTx, team_id: TeamId | None, schedule_id: ScheduleId | None) -> None:
    if schedule_id is not None:
        check: CheckTeamSchedule = request.app.state.check_team_schedule
        await check(tx, team_id, schedule_id)


@teams.post("", status_code=201)
async def create_team(request: Request, response: Response, _: Admin, tx: WriteTx, wanted: TeamIn) -> TeamShown:
    await _check_schedule(request, tx, None, wanted.schedule_id)
    team = await commands.create_team(
        tx,
        name=wanted.name,
        schedule_id=wanted.schedule_id,
        fallback_policy_id=wanted.fallback_policy_id,
        now=await now_in(request, tx),
    )
    return _show_team(team, response)


@teams.get("")
async def list_teams(_: Reader, tx: ReadTx, page: Paging, name: Filter = None) -> Listed[TeamShown]:
    found, next_cursor = page.cut(await commands.list_teams(tx, after=page.after, limit=page.limit + 1, name=name))
    return Listed(items=[TeamShown.model_validate(team) for team in found], next_cursor=next_cursor)


@teams.get("/{id}")
async def get_team(response: Response, id: TeamId, _: Reader, tx: ReadTx) -> TeamShown:
    return _show_team(await commands.get_team(tx, id), response)


@teams.patch("/{id}")
async def edit_team(
    *, request: Request, response: Response, id: TeamId, _: Admin, tx: WriteTx, version: IfMatch, edit: TeamEdit
) -> TeamShown:
    if "schedule_id" in edit.model_fields_set:
        await _check_schedule(request, tx, id, edit.schedule_id)
        await _changing(request, tx, [id])
    return _show_team(await commands.edit_team(tx, id, edit.changes(), version=version), response)


@teams.delete("/{id}", status_code=204)
async def delete_team(id: TeamId, _: Admin, tx: WriteTx) -> Response:
    await commands.delete_team(tx, id)
    return Response(status_code=204)


@teams.get("/{id}/members")
async def list_members(id: TeamId, _: Reader, tx: ReadTx, page: Paging) -> Listed[MemberShown]:
    found, next_cursor = page.cut(await commands.list_members(tx, id, after=page.after, limit=page.limit + 1))
    return Listed(items=[MemberShown.of(member) for member in found], next_cursor=next_cursor)


@teams.post("/{id}/members", status_code=201)
async def add_member(request: Request, id: TeamId, _: Admin, tx: WriteTx, wanted: MemberIn) -> MemberShown:
    """Add a member; who is one already gets the role that is sent."""
    await _changing(request, tx, [id])
    return MemberShown.of(await commands.set_member(tx, id, wanted.user_id, wanted.role))


@teams.put("/{id}/members/{user_id}")
async def set_member(request: Request, id: TeamId, user_id: UserId, _: Admin, tx: WriteTx, wanted: RoleIn) -> MemberShown:
    """Add a member, or change the role of one."""
    await _changing(request, tx, [id])
    return MemberShown.of(await commands.set_member(tx, id, user_id, wanted.role))


@teams.delete("/{id}/members/{user_id}", status_code=204)
async def remove_member(request: Request, id: TeamId, user_id: UserId, _: Admin, tx: WriteTx) -> Response:
    await _changing(request, tx, [id])
    await commands.remove_member(tx, id, user_id)
    return Response(status_code=204)


router = together(users, teams)
