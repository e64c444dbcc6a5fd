"""A story: deeds one after the other, and after each of them every invariant. It can be told again from the list of its deeds."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.conftest import START
from tests.machine.deeds import Deeds
from tests.machine.doing import Did
from tests.machine.fleet import Fleet
from tests.machine.invariants import ALWAYS, AT_THE_END, Seen
from tests.machine.reading import Rows, read
from tests.machine.setting import Setting
from tests.machine.wire import LEASE

from oncall.health.commands import examine
from oncall.kit.db import Database

Deed = tuple[str, dict[str, Any]]


class Broken(AssertionError):
    """An invariant does not hold: which, what of it, and the whole story, to be told again."""


class Stage:
    """Where stories are told one after the other: the fleet, and the setting that each begins with."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.fleet = Fleet(database, folder)
        self.setting = Setting(self.fleet)

    async def set_up(self) -> None:
        self.fleet.start()
        await self.setting.make()

    async def take_down(self) -> None:
        await self.fleet.stop()


class Story:
    def __init__(self, stage: Stage) -> None:
        self.stage, self.fleet = stage, stage.fleet
        self.told: list[Deed] = []

    async def begin(self) -> None:
        """Everything is as it was before the last story, and every node is new."""
        providers = self.fleet.providers
        providers.modes.update(dict.fromkeys(providers.modes, "ok"))
        providers.journal.clear()
        await self.fleet.stop()
        await self.stage.setting.put_back()
        self.fleet.clock.at = START
        self.fleet.start()
        self.deeds = Deeds(self.fleet, self.stage.setting)
        self.rows = await self._read()

    async def _read(self) -> Rows:
        async with self.fleet.database.transaction(read_only=True) as tx:
            return await read(tx)

    async def do(self, name: str, **args: Any) -> None:
        """One deed; raises Broken if after it anything is as it must never be."""
        self.told.append((name, args))
        heard = len(self.fleet.providers.journal)
        try:
            did = await self.deeds.do(name, args, self.rows)
        except Exception as error:
            raise Broken(self._told(f"a deed failed: {type(error).__name__}: {error}")) from error
        seen = await self._seen(did, heard)
        self.rows = seen.now
        self._check([f"{rule.__name__}: {wrong}" for rule in ALWAYS for wrong in rule(seen)])

    async def _seen(self, did: Did, heard: int) -> Seen:
        journal = self.fleet.providers.journal
        return Seen(self.fleet.clock.at, self.rows, await self._read(), journal, journal[heard:], did, self.fleet.is_waiting())

    async def end(self) -> None:
        """All is well again, and some time passes: then nothing is left to be done, and the past explains what was done."""
        providers = self.fleet.providers
        providers.modes.update(dict.fromkeys(providers.modes, "ok"))
        await self.deeds.answers()
        for node in (0, 1, 0):
            self.fleet.clock.advance(LEASE + timedelta(seconds=1))
            await self.fleet.tick(node)
        seen = await self._seen(Did("end", {}, rested=True), len(providers.journal))
        wrong = [f"{rule.__name__}: {one}" for rule in ALWAYS for one in rule(seen)]
        for rule in AT_THE_END:
            wrong += [f"{rule.__name__}: {one}" for one in await rule(seen, self._ask)]
        async with self.fleet.database.transaction(read_only=True) as tx:
            found = (await examine(tx, kept=None, now=self.fleet.clock.at)).faults
        self._check(wrong + [f"audit: {fault.sentence}" for fault in found if fault.invariant != "delivery_ledger"])

    async def _ask(self, path: str) -> Any:
        answer = await self.fleet.ask(0, "GET", path)
        return answer.json() if answer.status_code == 200 else None

    def _check(self, wrong: list[str]) -> None:
        if wrong:
            raise Broken(self._told(*wrong))

    def _told(self, *wrong: str) -> str:
        deeds = [f"    ({name!r}, {args!r})," for name, args in self.told]
        return "\n".join(["", *wrong, f"at {self.fleet.clock.at:%H:%M:%S}, after:", *deeds])


async def tell(stage: Stage, deeds: Iterable[Deed]) -> None:
    """A story from its beginning to its end; raises Broken where it breaks an invariant."""
    story = Story(stage)
    await story.begin()
    for name, args in deeds:
        await story.do(name, **args)
    await story.end()
