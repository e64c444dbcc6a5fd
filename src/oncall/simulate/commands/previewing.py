"""What can be asked: what would happen if."""

import asyncio
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.silences.commands import silences
from oncall.silences.values.silences import SilenceSettings
from oncall.simulate.rules.previewing import matched, wanted_by
from oncall.simulate.store import previewing as store
from oncall.simulate.values.previewing import LOOK_BACK, SilencePreview


async def preview_silence(tx: AsyncConnection, settings: SilenceSettings, *, caller: Caller, now: datetime) -> SilencePreview:
    """What it would mute if it ran now, and would have muted had it run for the last week; refused as the silence would be, but that
    nobody has to confirm what matches everything."""
    silence = await silences.proposed(tx, replace(settings, confirmed=True), caller=caller, now=now)
    wanted = wanted_by(silence)
    open_now = await store.open_alerts(tx, wanted)
    lately = await store.alerts_since(tx, wanted, now - LOOK_BACK)
    return SilencePreview(
        await asyncio.to_thread(matched, silence, open_now),
        await asyncio.to_thread(matched, silence, lately),
        silences.seen(silence, now=now).matches_everything,
    )
