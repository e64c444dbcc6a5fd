"""Whose resolution is listened for: incidents whose reporter is to be asked then."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.rules.closing import asks_reporter
from oncall.desk.values import Process, Record
from oncall.incidents.values import Incident

REPORTERS = "reporters"


async def follow_reported(tx: AsyncConnection, incident: Incident, record: Record) -> None:
    """Its resolution is listened for, by whatever way it is resolved, if somebody is to be asked then."""
    if incident.process is Process.ITIL and asks_reporter(record):
        await timeline.follow(tx, REPORTERS, [incident.id])
