"""What workflow rules do by a name: they open a bridge."""

from typing import Any

import pytest
from tests.incidents.building import monitored
from tests.system import System


@pytest.mark.parametrize(
    ("what", "text", "url", "said"),
    [
        ("the link that the rule says", "https://meet.example.com/war-room", "https://meet.example.com/war-room", "the bridge was opened"),
        ("its number is filled in", "https://meet.example.com/inc-{number}", "https://meet.example.com/inc-", "the bridge was opened"),
        ("nobody says which", "", None, "Neither the rule nor the service"),
        ("no link", "http://meet.example.com/x", None, "A bridge is an https link"),
    ],
)
async def test_a_rule_opens_a_bridge(system: System, what: str, text: str, url: str | None, said: str) -> None:
    monitor = await monitored(system)
    action: dict[str, Any] = {"type": "run", "name": "open_bridge", "text": text}
    await system.make("workflow-rules", name="Big ones", triggers=["logged"], actions=[action])
    [decided] = await monitor.says(monitor.event())
    await system.run_due()
    shown = (await system.api.get(f"/api/v1/incidents/{decided.incident_id}/bridge")).json()
    assert (shown.get("url") or "").startswith(url or "")
    assert bool(shown.get("url")) is (url is not None)
    assert [one for one in await system.reasons(f"{decided.incident_id}") if said in one]
    assert system.pages() == ["Ana"]
