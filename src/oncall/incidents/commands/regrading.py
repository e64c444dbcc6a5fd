"""Alerts whose severity or labels changed, or that came back: what they inhibit, and what mutes them, may be otherwise now."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.inhibiting import mark_anew
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.placing import Run, is_regraded
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.kit.db import notify
from oncall.silences.rules.muting import Mutings


async def regrade(tx: AsyncConnection, runs: Sequence[Run], judging: Judging, mutings: Mutings | None = None, *, now: datetime) -> None:
    """They are written already. They inhibit by what they are now, and never themselves by what they were; an incident that is held is
    looked at again. `mutings`: where this transaction has asked for them.
    """
    ids = {run.change.alert_id for run in runs if is_regraded(run)}
    if ids and mutings is None:
        mutings = await judging.mutings.of(tx)
    if not ids or not mutings:
        return
    concerned = sorted({run.incident_id for run in runs if run.change.alert_id in ids})
    alerts = [alert for _, alert, *_ in await alert_store.open_of(tx, concerned) if alert.id in ids]
    others = await mark_anew(tx, alerts, mutings)
    if await store.wake_held(tx, now=now, among=None if others else concerned):
        await notify(tx, "incidents")
