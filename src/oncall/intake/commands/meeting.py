"""Some dialects say in an alert which other events are about it: those events then meet it under its key."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.lookup import find_key_among
from oncall.intake.values import Reading
from oncall.services.values import IntegrationRef


async def meet(tx: AsyncConnection, readings: Sequence[Reading], integration: IntegrationRef) -> list[Reading]:
    """Readings with the key of the open alert that they are about: their own, else that of the first alert that names them."""
    met = []
    for reading in readings:
        key = await find_key_among(tx, integration.service_id, reading.dedup_key, reading.among) if reading.among else None
        met.append(replace(reading, dedup_key=key) if key else reading)
    return met
