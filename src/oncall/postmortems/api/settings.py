"""REST for templates of teams, and for the settings of all postmortems."""

from fastapi import APIRouter, Response

from oncall.access.api import Admin, Reader, Responder
from oncall.kit.http import IfMatch, ReadTx, WriteTx, set_etag
from oncall.kit.ids import TeamId
from oncall.postmortems.commands import settings
from oncall.postmortems.schemas.postmortems import SettingsShape, TemplateEdit, TemplateOut

router = APIRouter(prefix="/api/v1", tags=["postmortems"])


@router.get("/teams/{team_id}/postmortem-template")
async def get_template(team_id: TeamId, response: Response, _: Reader, tx: ReadTx) -> TemplateOut:
    """How this team's postmortems begin."""
    template = await settings.show_template(tx, team_id)
    set_etag(response, template.version)
    return TemplateOut.of(template)


@router.put("/teams/{team_id}/postmortem-template")
async def set_template(
    *, team_id: TeamId, body: TemplateEdit, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> TemplateOut:
    """From the next draft on. For managers of the team, and admins."""
    template = await settings.set_template(tx, team_id, body.body, expected_version=version, caller=caller)
    set_etag(response, template.version)
    return TemplateOut.of(template)


@router.delete("/teams/{team_id}/postmortem-template", status_code=204)
async def drop_template(team_id: TeamId, caller: Responder, tx: WriteTx) -> None:
    """Begin as everybody does again."""
    await settings.drop_template(tx, team_id, caller=caller)


@router.get("/postmortem-settings")
async def get_settings(response: Response, _: Reader, tx: ReadTx) -> SettingsShape:
    """The words for contributing factors, due dates by priority, and how soon the postmortem of a major incident is due."""
    found = await settings.get_settings(tx)
    set_etag(response, found.version)
    return SettingsShape.of(found)


@router.put("/postmortem-settings")
async def set_settings(body: SettingsShape, response: Response, _: Admin, tx: WriteTx, version: IfMatch) -> SettingsShape:
    """From now on. A factor that is taken away stays where it is used."""
    saved = await settings.set_settings(tx, body.settings(), expected_version=version)
    set_etag(response, saved.version)
    return SettingsShape.of(saved)
