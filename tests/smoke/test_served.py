"""One real `oncall serve`, from its start to a page that has left: what no test inside of one process can see."""

from tests.clients.making import make_service, make_user
from tests.providers.smtp import SmtpSink
from tests.serving import serving

from oncall.kit.db import Database


async def test_a_served_node_takes_an_event_and_its_page_leaves(database: Database, database_url: str) -> None:
    """A few seconds; on a busy machine it may take its time."""
    async with SmtpSink() as mail, serving(database_url, env={"ONCALL_SMTP_URL": mail.url}, wait=False) as served:
        await served.ready(within=60)
        _, integration = await make_service(served, await make_user(served, "PT0S"), "generic")
        answer = await served.api.post(f"/intake/{integration['key']}", json={"summary": "Disk full", "severity": "critical"})
        assert answer.status_code == 202, answer.text
        assert [event["decision"] for event in answer.json()["events"]] == ["opened"]
        [page] = await mail.wait_for(1, timeout=30)
        assert page["To"] == "ana@example.org"
        assert "Disk full" in page["Subject"]
