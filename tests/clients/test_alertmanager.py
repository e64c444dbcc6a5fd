"""Debian's own Alertmanager, pointed at a real node: what fires pages by e-mail, what resolves stops everything."""

import asyncio
import contextlib
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, HTTPError
from tests.clients.making import incidents, make_service, make_user
from tests.providers.smtp import SmtpSink
from tests.serving import Served, free_port, serving

from oncall.kit.db import Database

PACKAGE = "prometheus-alertmanager"
CONFIG = """
route: {{receiver: oncall, group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h}}
receivers: [{{name: oncall, webhook_configs: [{{url: "{url}", send_resolved: true}}]}}]
"""


@pytest.fixture(scope="module")
def alertmanager() -> str:
    """The program; installed with apt where that is possible, without starting its daemon."""
    if shutil.which(PACKAGE) is None and shutil.which("apt-get") and os.geteuid() == 0:
        quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        install = ["apt-get", "install", "-qq", "--no-install-recommends", PACKAGE]
        for command in (install, ["apt-get", "update", "-qq"], install):
            if shutil.which(PACKAGE) is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    subprocess.run(command, env=quiet, capture_output=True, timeout=120, check=False)
    found = shutil.which(PACKAGE)
    if found is None:
        pytest.skip(f"{PACKAGE} is not installed, and apt cannot install it here")
    return found


@asynccontextmanager
async def running(program: str, url: str, folder: Path) -> AsyncIterator[AsyncClient]:
    """Alertmanager on a free port, sending to `url`; a client of its API."""
    (folder / "alertmanager.yml").write_text(CONFIG.format(url=url))
    address = f"127.0.0.1:{free_port()}"
    options = [f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data", f"--web.listen-address={address}"]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(program, *options, "--cluster.listen-address=", stdout=log, stderr=log)
    try:
        async with AsyncClient(base_url=f"http://{address}") as api, asyncio.timeout(30):
            while True:
                assert process.returncode is None, (folder / "log").read_text()
                with contextlib.suppress(HTTPError):
                    if (await api.get("/-/ready")).status_code == 200:
                        break
                await asyncio.sleep(0.05)
            yield api
    finally:
        process.kill()
        await process.wait()


async def incident_when(served: Served, service_id: str, status: str) -> dict[str, Any]:
    """The service's only incident, once it has this status."""
    async with asyncio.timeout(10):
        while True:
            found = await incidents(served, service_id)
            if [incident["status"] for incident in found] == [status]:
                return found[0]
            await asyncio.sleep(0.05)


@pytest.mark.faults
async def test_from_a_rule_that_fires_to_an_e_mail_and_back(
    alertmanager: str, database: Database, database_url: str, tmp_path: Path
) -> None:
    async with SmtpSink() as sink, serving(database_url, env={"ONCALL_SMTP_URL": sink.url}) as served:
        service_id, integration = await make_service(served, await make_user(served, "PT0S", "PT10M"), "alertmanager")
        async with running(alertmanager, integration["url"], tmp_path) as api:
            alert = {
                "labels": {"alertname": "HighLatency", "instance": "web-1:9100", "severity": "critical"},
                "annotations": {"summary": "p99 of web-1 is 2.3 s"},
                "generatorURL": "http://prometheus.example.org/graph",
            }
            assert (await api.post("/api/v2/alerts", json=[alert])).status_code == 200
            opened = await incident_when(served, service_id, "triggered")
            assert (opened["title"], opened["severity"], opened["urgency"]) == ("p99 of web-1 is 2.3 s", "critical", "high")
            (page,) = await sink.wait_for(1, timeout=10)
            assert page["to"] == "ana@example.org"
            assert "p99 of web-1 is 2.3 s" in page["subject"]

            assert (await api.post("/api/v2/alerts", json=[alert | {"endsAt": "2026-01-01T00:00:00Z"}])).status_code == 200
            resolved = await incident_when(served, service_id, "resolved")
            assert (resolved["id"], resolved["resolved_by"]["name"]) == (opened["id"], "monitors")
            assert resolved["alert_counts"] == {"open": 0, "resolved": 1}
            notifications = (await served.api.get(f"/api/v1/incidents/{opened['id']}/notifications")).json()["items"]
            assert [n["status"] for n in notifications] == ["sent", "cancelled"]
