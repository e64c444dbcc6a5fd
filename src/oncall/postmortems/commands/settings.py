"""Templates of teams, and the settings of all postmortems."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, Scope
from oncall.kit.ids import TeamId
from oncall.postmortems.rules import templates
from oncall.postmortems.store import settings as store
from oncall.postmortems.values import NotYourTeams, Settings, Template
from oncall.teams.commands import get_team, manages
from oncall.teams.rules import check_version


async def get_template(tx: AsyncConnection, team_id: TeamId | None) -> Template:
    """The team's own, or the one that everybody begins with."""
    found = await store.find_template(tx, team_id) if team_id else None
    return found or Template(templates.USUAL)


async def show_template(tx: AsyncConnection, team_id: TeamId) -> Template:
    await get_team(tx, team_id)
    return await get_template(tx, team_id)


async def set_template(tx: AsyncConnection, team_id: TeamId, body: str, *, expected_version: int | None, caller: Caller) -> Template:
    """From the next draft on; what is written stays as it is."""
    current = await _editable(tx, team_id, caller)
    check_version(current.version, expected_version)
    templates.check(body)
    wanted = Template(body, current.version + 1)
    if not await store.save_template(tx, team_id, wanted):
        check_version((await get_template(tx, team_id)).version, current.version)
    return wanted


async def drop_template(tx: AsyncConnection, team_id: TeamId, *, caller: Caller) -> None:
    """The team begins as everybody does again."""
    await _editable(tx, team_id, caller)
    await store.drop_template(tx, team_id)


async def _editable(tx: AsyncConnection, team_id: TeamId, caller: Caller) -> Template:
    current = await show_template(tx, team_id)
    if caller.scope is not Scope.ADMIN and not (caller.user_id and await manages(tx, team_id, caller.user_id)):
        raise NotYourTeams("Only a manager of this team, with a key of their own, or an admin may change its template.")
    return current


async def get_settings(tx: AsyncConnection) -> Settings:
    return await store.find_settings(tx) or Settings()


async def set_settings(tx: AsyncConnection, wanted: Settings, *, expected_version: int | None) -> Settings:
    """From now on: due dates that were worked out before stay."""
    current = await get_settings(tx)
    check_version(current.version, expected_version)
    saved = replace(wanted, version=current.version + 1)
    if not await store.save_settings(tx, saved):
        check_version((await get_settings(tx)).version, current.version)
    return saved
