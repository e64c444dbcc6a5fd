"""The auditor: looks at the invariants every minute and sends the heartbeat while they hold."""

from datetime import datetime, timedelta

from oncall.engine import Pass
from oncall.health.commands import INVARIANTS, audit
from oncall.health.values import SENTENCES
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.http_client import HttpClient, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.metrics import HEALTH
from oncall.kit.outbound import AddressNotAllowed

log = get_log("health")


class Auditor:
    """A source that is due every minute, on every node: silence on the heartbeat URL means that no node could say that all is well."""

    name = "auditor"
    every = timedelta(seconds=60)

    def __init__(self, *, database: Database, clock: Clock, client: HttpClient, heartbeat_url: str | None) -> None:
        self._database, self._clock, self._client, self._heartbeat_url = database, clock, client, heartbeat_url
        self._due: datetime | None = None

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
            now = await self._clock.now(tx)
            # A clock that jumped back more than a period must not silence the auditor.
            if self._due is not None and self._due - self.every <= now < self._due:
                return Pass(0, now, self._due)
            red = await audit(tx, now=now)
        self._due = now + self.every
        counts = {finding.reason: finding.count for finding in red}
        for reason in SENTENCES:
            HEALTH.labels(reason).set(1 if reason in counts else 0)
        if red:
            log.warning("not healthy", **counts)
        if self._heartbeat_url and not INVARIANTS & counts.keys():
            await self._beat(self._heartbeat_url)
        return Pass(0, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""

    async def _beat(self, url: str) -> None:
        try:
            reply = await self._client.request("GET", url, deadline=10.0)
        except (AddressNotAllowed, NotSent, NoAnswer) as error:
            log.warning("heartbeat not sent", error=str(error))
            return
        if reply.status >= 400:
            log.warning("heartbeat refused", status=reply.status)
