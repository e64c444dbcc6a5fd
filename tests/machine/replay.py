"""Tells stories to whatever `oncall` is on the path: `python -m tests.machine.replay a_dead_link_acts`. Says what each of them breaks."""

import asyncio
import logging
import os
import sys
import tempfile
from pathlib import Path

import structlog
from tests import databases
from tests.machine.bugs.stories import BUGS
from tests.machine.story import Broken, Stage, tell

from oncall.kit.db import Database

CAUGHT_WITHIN = 10.0
"""Seconds that a story may take, whatever it meets."""


async def told(url: str, folder: Path, names: list[str]) -> dict[str, str]:
    """What each of these stories breaks, of those that break something."""
    stage = Stage(Database(url), folder)
    await stage.set_up()
    found: dict[str, str] = {}
    for name in names:
        try:
            async with asyncio.timeout(CAUGHT_WITHIN):
                await tell(stage, BUGS[name].story)
        except Broken as broken:
            found[name] = str(broken)
    await stage.take_down()
    await stage.fleet.database.close()
    return found


def main(names: list[str]) -> int:
    """0 if no story breaks anything, else 3."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with databases.server() as dsn, tempfile.TemporaryDirectory() as folder:
        template = databases.make_template(dsn)
        with databases.fresh_database(dsn, template, f"oncall_replay_{os.getpid()}", is_durable=False) as url:
            found = asyncio.run(told(url, Path(folder), names or [*BUGS]))
    for name, broken in found.items():
        print(f"{name}: {broken}\n")
    return 3 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
