"""`python -m tests.conformance`: every channel against everything a provider and a network can do to it, as one table.

Each cell is what really came of one attempt against a fake on this machine: sent, again (it may work later), never, unknown (it may
have arrived: repeated once, with a label). A second table is of what people answer there, or do not, or somebody forges, with the whole
system behind it. One that is not what the suite expects is marked, and the command fails.
"""

import asyncio
import logging
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Sent, Unknown
from oncall.kit.clock import ManualClock
from tests import databases
from tests.channels.test_conformance import CASES, RIGS, WAITED_OUT, attempt, what_becomes_of_it
from tests.conftest import START, Shared
from tests.replies.rigs import ANSWER_RIGS
from tests.replies.test_conformance import ANSWERS, CELLS

WORDS: Mapping[type[Outcome], str] = {Sent: "sent", FailedTemporarily: "again", FailedPermanently: "never", Unknown: "unknown"}
PLACES = {"does not listen": "closed", "is at no known host": "nowhere"}


async def at(name: str, place: str) -> Outcome:
    """One attempt where nobody is."""
    async with RIGS[name]() as rig:
        channel, message = rig.at(place)
        outcome = await attempt(channel, message)
        await channel.close()
        return outcome


async def main() -> int:
    """Prints the table; returns how many cells are not as expected."""
    async with RIGS["apprise"]() as rig:  # to load Apprise takes longer than a deadline
        channel, _ = rig.at("sink")
        channel.check_address(rig.good)
        await channel.close()
    wrong, slots = 0, {name: number for number, name in enumerate(RIGS)}
    print("| what the provider does | " + " | ".join(RIGS) + " |")
    print("| --- |" + " --- |" * len(RIGS))
    rows = {what: [(name, what_becomes_of_it(name, behaviour), expected) for name, behaviour, expected in CASES[what]] for what in CASES}
    rows |= {what: [(name, at(name, place), FailedTemporarily) for name in RIGS] for what, place in PLACES.items()}
    for what, cells in rows.items():
        doing = [one for _, one, _ in cells]
        # What has work to do in its second gets the machine for itself; who only waits, waits together.
        outcomes = await asyncio.gather(*doing) if what in WAITED_OUT else [await one for one in doing]
        row = ["·"] * len(RIGS)
        for (name, _, expected), outcome in zip(cells, outcomes, strict=True):
            as_expected = isinstance(outcome, expected)
            wrong += not as_expected
            row[slots[name]] = WORDS[type(outcome)] + ("" if as_expected else f" **(expected {WORDS[expected]})**")
        print(f"| {what} | {' | '.join(row)} |", flush=True)
    print(f"\n{sum(map(len, rows.values()))} attempts, {wrong} not as expected. `·`: this provider cannot do that.")
    return wrong


async def answers(url: str) -> int:
    """Prints the table of answers, each cell with a system of its own; returns how many cells are not as expected."""
    wrong, database = 0, Shared(url)
    print("\n| whoever was paged | " + " | ".join(ANSWER_RIGS) + " |")
    print("| --- |" + " --- |" * len(ANSWER_RIGS))
    for what, (does, expected, _) in ANSWERS.items():
        row = []
        for name, make in ANSWER_RIGS.items():
            if (what, name) not in CELLS:
                row.append("·")
                continue
            with tempfile.TemporaryDirectory() as folder:
                async with make(database, ManualClock(START), Path(folder)) as rig:
                    came = await does(rig)
            async with database.transaction() as tx:
                await databases.empty(tx)
            wrong += came != expected
            row.append(came if came == expected else f"{came} **(expected {expected})**")
        print(f"| {what} | {' | '.join(row)} |", flush=True)
    await database.close_at_last()
    print(f"\n{len(CELLS)} answers, {wrong} not as expected. `·`: this provider tells or posts nothing of the kind.")
    return wrong


def run() -> int:
    wrong = asyncio.run(main())
    with databases.server() as dsn:
        template = databases.make_template(dsn)
        with databases.fresh_database(dsn, template, f"oncall_conformance_{os.getpid()}", is_durable=False) as url:
            return wrong + asyncio.run(answers(url))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    sys.exit(1 if run() else 0)
