"""Prometheus itself, and Alertmanager with each receiver that can be pointed at us, in Debian's versions."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from httpx import AsyncClient, HTTPError
from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import started
from tests.serving import free_port

SUMMARY = "db-1 does not answer"


PROMETHEUS = """
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
scrape_configs: [{{job_name: db, static_configs: [{{targets: ["127.0.0.1:{target}"]}}]}}]
{guide}
"""
RULES = """
groups:
  - name: all
    rules:
      - alert: TargetDown
        expr: up == 0
        labels: {severity: critical}
        annotations: {summary: "{{ $labels.job }}-1 does not answer"}
"""


async def prometheus(way: WayIn, kit: Kit) -> str:
    """With our guide, over TLS. A target is not there, then is: the rule fires, then does not; no Alertmanager in between."""
    port, target, log = free_port(), free_port(), way.folder / "log"
    guide = pasted(way, "prometheus", "yaml").replace("oncall.example.com", way.front.url.removeprefix("https://"))
    (way.folder / "prometheus.yml").write_text(PROMETHEUS.format(target=target, guide=guide))
    (way.folder / "rules.yml").write_text(RULES)
    options = [f"--config.file={way.folder}/prometheus.yml", f"--storage.tsdb.path={way.folder}/data", "--rules.alert.resend-delay=1s"]
    listen = f"--web.listen-address=127.0.0.1:{port}"
    async with started(f"{kit.folder}/usr/bin/prometheus", *options, listen, log=log, env=way.env):
        await _ready(f"http://127.0.0.1:{port}", log)
        await way.sees("triggered", SUMMARY, "critical")
        async with _target(target):
            await way.sees("resolved", SUMMARY)
    return "a rule fires, and ends"


@asynccontextmanager
async def _target(port: int) -> AsyncIterator[None]:
    """Something to scrape."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\nConnection: close\r\n\r\nanswers 1\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


async def _ready(url: str, log: Path) -> None:
    async with AsyncClient(base_url=url) as api:
        for _ in range(300):
            with contextlib.suppress(HTTPError):
                if (await api.get("/-/ready")).status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise AssertionError(f"it is not ready after 30 s: {log.read_text(errors='replace')[-500:]}")


def pagerduty(way: WayIn) -> dict[str, object]:
    config = {"routing_key": way.key, "url": f"{way.url}/v2/enqueue", "severity": "{{ .CommonLabels.severity }}"}
    return {"pagerduty_configs": [config | {"description": "{{ .CommonAnnotations.summary }}", "send_resolved": True}]}


def opsgenie(way: WayIn) -> dict[str, object]:
    config = {"api_key": way.key, "api_url": f"{way.url}/", "message": "{{ .CommonAnnotations.summary }}", "priority": "P1"}
    return {"opsgenie_configs": [config | {"send_resolved": True}]}


def victorops(way: WayIn) -> dict[str, object]:
    config = {"api_key": way.key, "api_url": f"{way.url}/integrations/generic/20131114/alert/", "routing_key": "database"}
    return {"victorops_configs": [config | {"entity_display_name": "{{ .CommonAnnotations.summary }}", "send_resolved": True}]}


def slack(way: WayIn) -> dict[str, object]:
    return {"slack_configs": [{"api_url": way.address, "channel": "#alarms", "title": "{{ .CommonAnnotations.summary }}"}]}


RECEIVERS = {"slack": slack, "pagerduty": pagerduty, "opsgenie": opsgenie, "victorops": victorops}


async def alertmanager(receiver: str, way: WayIn, kit: Kit) -> str:
    """An alert is posted to it, as Prometheus does, and posted again with an end."""
    port = free_port()
    (way.folder / "alertmanager.yml").write_text(_configured(receiver, way))
    program, log, url = f"{kit.folder}/usr/bin/prometheus-alertmanager", way.folder / "log", f"http://127.0.0.1:{port}"
    options = [f"--config.file={way.folder}/alertmanager.yml", f"--storage.path={way.folder}/data", "--cluster.listen-address="]
    labels = {"alertname": "NoAnswer", "instance": "db-1", "severity": "critical"}
    alert = {"labels": labels, "annotations": {"summary": SUMMARY}, "generatorURL": "http://prometheus.example.org/graph"}
    async with started(program, *options, f"--web.listen-address=127.0.0.1:{port}", log=log), AsyncClient(base_url=url) as api:
        await _ready(url, log)
        severity = "error" if receiver == "slack" else "critical"
        (await api.post("/api/v2/alerts", json=[alert])).raise_for_status()
        await way.sees("triggered", SUMMARY, severity)
        (await api.post("/api/v2/alerts", json=[alert | {"endsAt": "2026-01-01T00:00:00Z"}])).raise_for_status()
        await way.sees("triggered" if receiver == "slack" else "resolved", SUMMARY, severity)
        counted = (await api.get("/metrics")).text
        failed = [line for line in counted.splitlines() if line.startswith("alertmanager_notifications_failed_total") and line[-2:] != " 0"]
        assert not failed, f"it counts failed notifications: {failed}"
    return "an alert fires" + ("" if receiver == "slack" else ", and ends")


def _configured(receiver: str, way: WayIn) -> str:
    """Its configuration: that of our guide, or with one of its receivers for others' services."""
    if receiver == "guide":
        return pasted(way, "alertmanager", "yaml").replace("route:", "route:\n  group_wait: 1s\n  group_interval: 1s")
    route = {"receiver": "us", "group_wait": "1s", "group_interval": "1s"}
    return json.dumps({"route": route, "receivers": [{"name": "us"} | RECEIVERS[receiver](way)]})  # JSON is YAML


def _alertmanager(receiver: str, dialect: str) -> Client:
    async def prove(way: WayIn, kit: Kit) -> str:
        return await alertmanager(receiver, way, kit)

    how = "with our guide" if receiver == "guide" else f"{receiver}_configs"
    return Client(f"Alertmanager {how} (Debian)", "alertmanager", "prometheus-alertmanager", dialect, prove)


CLIENTS = [
    Client("Prometheus with our guide (Debian)", "prometheus", "prometheus", "prometheus", prometheus),
    _alertmanager("guide", "alertmanager"),
    _alertmanager("pagerduty", "pagerduty"),
    _alertmanager("opsgenie", "opsgenie"),
    _alertmanager("victorops", "victorops"),
    _alertmanager("slack", "slack"),
]
