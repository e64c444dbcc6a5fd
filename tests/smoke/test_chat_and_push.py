"""What the buttons of chats and phones do, pressed as those press them."""

import pytest
from tests.system import System, to

from oncall.channels.ntfy import content
from oncall.channels.values import PageMessage


async def paged(system: System) -> tuple[str, PageMessage]:
    ana = await system.user("Ana")
    service = await system.service([to(ana)])
    event = await system.event(service["key"])
    [page] = system.email.sent
    assert isinstance(page, PageMessage)
    return event["incident_id"], page


@pytest.mark.parametrize(("label", "status"), [("Acknowledge", "acknowledged"), ("Resolve", "resolved")])
async def test_one_press_in_ntfy_is_enough(system: System, label: str, status: str) -> None:
    """The app sends the request by itself: no browser, no form, no headers of ours."""
    incident, page = await paged(system)
    [action] = [action for action in content(page, "oncall-ana")["actions"] if action["label"] == label]
    async with system.client() as phone:
        answer = await phone.request(action["method"], action["url"])
    assert answer.status_code == 200
    assert (await system.incident(incident))["status"] == status
