"""One step, PT5M, and nobody answers all night: what `semantics.md` §4 promises, hour by hour.

"Step 1 fires at once; a step's `delay` is how long it waits, unacknowledged. After the last step's delay the next round begins; after the
last round the incident is *exhausted*. Exhausted, high urgency: … starts again every PT30M. Both are red in health."
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from tests.system import System, to

JOURNAL = text("""
    SELECT to_char(created_at AT TIME ZONE 'UTC', 'HH24:MI') AS at, user_name, cycle, round FROM pages ORDER BY created_at
""")

# Noon is where these tests begin; three rounds of five minutes, then half an hour of silence, then a new cycle.
EXPECTED = """
12:00 c1 r1   12:05 c1 r2   12:10 c1 r3
12:45 c2 r1   12:50 c2 r2   12:55 c2 r3
13:30 c3 r1   13:35 c3 r2   13:40 c3 r3
14:15 c4 r1   14:20 c4 r2   14:25 c4 r3
15:00 c5 r1   15:05 c5 r2   15:10 c5 r3
15:45 c6 r1   15:50 c6 r2   15:55 c6 r3
16:30 c7 r1   16:35 c7 r2   16:40 c7 r3
17:15 c8 r1   17:20 c8 r2   17:25 c8 r3
18:00 c9 r1   18:05 c9 r2   18:10 c9 r3
18:45 c10 r1  18:50 c10 r2  18:55 c10 r3
19:30 c11 r1  19:35 c11 r2  19:40 c11 r3
"""


async def reds(system: System) -> list[str]:
    answer: dict[str, Any] = (await system.api.get("/healthz")).json()
    return [str(one) for one in answer.get("reasons", answer)]


async def test_nobody_answers_all_night(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    event = await system.event(made["key"])
    red = []
    for _ in range(8 * 12 - 1):
        await system.advance(step=timedelta(minutes=5), minutes=5)
        shown = await system.incident(event["incident_id"])
        assert shown["pending_actions"], "it always says what happens next"
        red.append(any("exhausted" in one for one in await reds(system)))
        assert red[-1] == (shown["escalation"]["state"] == "exhausted")
    async with system.node.database.transaction(read_only=True) as tx:
        journal = [f"{r.at} c{r.cycle} r{r.round}" for r in await tx.execute(JOURNAL)]
    words = EXPECTED.split()
    assert journal == [" ".join(words[n : n + 3]) for n in range(0, len(words), 3)]
    assert len(system.email.sent) == len(journal), "each of them left"
    assert sum(red) == 6 * 10 + 3, "red from a quarter past until the next cycle begins"
    answer = await system.api.post(f"/api/v1/incidents/{event['incident_id']}/acknowledge", json={})
    assert answer.json()["status"] == "acknowledged"
    before = len(system.email.sent)
    await system.advance(minutes=29)
    assert len(system.email.sent) == before, "and then it is quiet"
