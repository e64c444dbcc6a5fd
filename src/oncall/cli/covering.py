"""`oncall coverage`: the holes of the weeks to come as a table, and an exit code for pipelines."""

import typer

from oncall.cli.client import JSON, Api
from oncall.cli.daily import instant, raw, say

PATIENCE = 120.0
"""Seconds: a thousand services take a while."""
MOST = 10_000


def coverage(*, days: int, service: str | None, quiet_hours: bool, as_json: bool) -> None:
    """Code 0: no hole. Code 1: there are some, or the server could not be asked, which is no proof either."""
    with Api(patience=PATIENCE) as api:
        its = {"service_id": str(api.find("services", service, kind="service")["id"])} if service else {}
        asked = {"days": str(days), "limit": str(MOST), **({"quiet_hours": "true"} if quiet_hours else {}), **its}
        found = api.get("reports/coverage", asked)
    if as_json:
        raw(found)
    else:
        _tell(found, days)
    if found["items"]:
        raise typer.Exit(1)


def _tell(found: JSON, days: int) -> None:
    for hole in found["items"]:
        what = "waits for quiet hours" if hole["kind"] == "quiet_hours" else "reaches nobody"
        of = f"{hole['urgency']} urgency ({', '.join(hole['severities'])})"
        say(f"{instant(hole['start'])} to {instant(hole['end'])}  {hole['service']['name']}, {of} {what}:")
        for sentence in hole["why"]:
            say(f"    {sentence}")
    if found["is_cut"]:
        say(f"There are more than these {len(found['items'])}.")
    services, holes = _so_many(found["services"], "service"), found["holes"]
    verdict = f"{_so_many(holes, 'hole')}, {found['uncovered']} together" if holes else "somebody is reached at every instant"
    say(f"{services}, {_so_many(days, 'day')} from {instant(found['since'])}: {verdict}.")
    if found["waiting"]:
        say(f"Low urgency waits for the end of quiet hours {_so_many(found['waiting'], 'time')}, which is no hole.")


def _so_many(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"
