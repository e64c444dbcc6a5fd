"""What a person was paged for lately is summed up by one statement, as the rules' own words have it."""

import random
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.notifications.test_travelling_rules import ANA, BEN, NOW, Earlier, summed

from oncall.kit.db import Database
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications.store.pages import sum_lately
from oncall.notifications.values.travelling import LONGEST_WAIT, LOOKED_BACK, STORM, Pace

SECOND = timedelta(seconds=1)
SPANS = (LONGEST_WAIT, STORM, LOOKED_BACK)
EDGES = [timedelta(0), SECOND, *(span - early for span in SPANS for early in (SECOND, timedelta(0)))]
ADD = text("""
    INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, until_resolved, pace, goes_at, created_at)
    VALUES (gen_random_uuid(), :incident, :user, 'x', 1, 1, :step, 'x', jsonb_build_object('service', CAST(:service AS text),
        'urgency', CAST(:urgency AS text)), false, :pace, :goes_at, :made_at)
""")


def drawn(draw: random.Random) -> Earlier:
    made_at = NOW - draw.choice(EDGES)
    goes_at = draw.choice([made_at, NOW, NOW + SECOND, made_at + LONGEST_WAIT, made_at + STORM])
    incident, service = IncidentId(UUID(int=draw.randrange(9))), draw.choice(["db", "web"])
    return Earlier(incident, service, made_at, goes_at, draw.choice(list(Pace)), draw.choice(["high", "low"]))


@pytest.mark.parametrize("seed", range(20))
async def test_the_statement_sums_up_what_the_rules_mean(database: Database, seed: int) -> None:
    draw = random.Random(seed)
    about = {IncidentId(UUID(int=draw.randrange(12))) for _ in range(draw.randrange(6))}
    pages: dict[UserId, list[Earlier]] = {user: [drawn(draw) for _ in range(draw.randrange(30))] for user in (ANA, BEN)}
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TEMP TABLE pages (LIKE pages) ON COMMIT DROP"))  # pages of no incident, to nobody
        await tx.execute(text("DISCARD PLANS"))  # what was prepared before would go on to read the other table
        for user, its in pages.items():
            for n, one in enumerate(its):
                values = {"step": n, "service": one.service, "urgency": one.urgency, "pace": one.pace.value}
                await tx.execute(ADD, {**values, "incident": one.incident_id, "user": user, "goes_at": one.goes_at, "made_at": one.made_at})
        found = await sum_lately(tx, [ANA, BEN], about, now=NOW)
    async with database.transaction(read_only=True) as tx:
        assert await sum_lately(tx, [ANA, BEN], about, now=NOW) == {}, "of the table of all, which has none"
    known = {user: [one for one in its if NOW - one.made_at < LOOKED_BACK] for user, its in pages.items()}
    expected = {(user, one.urgency): summed(its, one.urgency, about, now=NOW) for user, its in known.items() for one in its}
    assert found == expected
