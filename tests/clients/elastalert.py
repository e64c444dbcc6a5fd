"""ElastAlert's alerters, loaded from a rule as it loads them; Elasticsearch itself plays no part in what they send."""

from tests.clients.client import Client, python
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn

TITLE = "Many errors on web-1"
MATCH = {"@timestamp": "2026-01-05T10:15:00Z", "host": "web-1", "errors": 42}


async def alert(way: WayIn, kit: Kit, alerter: str, **options: object) -> None:
    """What happens when the rule matches."""
    rule = {"name": "errors", "type": "any", "alert": [alerter], "alert_subject": TITLE, "timestamp_field": "@timestamp", "es_host": "es"}
    await python(
        way,
        kit,
        "from elastalert.loaders import FileRulesLoader",
        f"rule = {rule | options!r}",
        "FileRulesLoader({}).load_modules(rule)",
        f"rule['alert'][0].alert([{MATCH!r}])",
    )


async def pagerduty(way: WayIn, kit: Kit) -> str:
    """Version 1, its default, then version 2; what the alerter does is a setting of the rule."""
    known = {"pagerduty_service_key": way.key, "pagerduty_client_name": "ElastAlert"}
    proxy = {"pagerduty_proxy": way.front.proxy, "pagerduty_ca_certs": f"{way.front.authority}"}
    versions = {}, {"pagerduty_api_version": "v2", "pagerduty_v2_payload_severity": "warning"}
    for of, version in enumerate(versions, start=1):
        for action, status in (("trigger", "triggered"), ("acknowledge", "acknowledged"), ("resolve", "resolved")):
            await alert(way, kit, "pagerduty", **known, **proxy, **version, pagerduty_incident_key=f"{of}", pagerduty_event_type=action)
            await way.sees(status, TITLE, "warning" if version else "unknown", of=of)
    return "trigger, acknowledge, resolve; version 1, then 2"


async def opsgenie(way: WayIn, kit: Kit) -> str:
    options = {"opsgenie_key": way.key, "opsgenie_addr": f"{way.url}/v2/alerts", "opsgenie_alias": "errors", "opsgenie_priority": "P2"}
    options["opsgenie_subject"] = TITLE
    await alert(way, kit, "opsgenie", **options)
    await alert(way, kit, "opsgenie", **options)
    await way.sees("triggered", TITLE, "error")
    return "alert, and again (it never says that it is over)"


async def victorops(way: WayIn, kit: Kit) -> str:
    options = {"victorops_api_key": way.key, "victorops_routing_key": "web", "victorops_proxy": way.front.proxy}
    for type, status in (("WARNING", "triggered"), ("ACKNOWLEDGEMENT", "acknowledged"), ("RECOVERY", "resolved")):
        await alert(way, kit, "victorops", **options, victorops_message_type=type, victorops_entity_id="errors")
        await way.sees(status, TITLE, "warning")
    return "WARNING, ACKNOWLEDGEMENT, RECOVERY"


async def alertmanager(way: WayIn, kit: Kit) -> str:
    """Versions 1 and 2 of the address. Its alerts have an end if the rule says how long they last; one to come resolves nothing."""
    for version in ("v1", "v2"):
        await alert(way, kit, "alertmanager", alertmanager_hosts=[way.address], alertmanager_api_version=version)
        await way.sees("triggered", TITLE)
    await alert(way, kit, "alertmanager", alertmanager_hosts=[way.address], alertmanager_resolve_time={"hours": 1})
    await way.sees("triggered", TITLE)
    await alert(way, kit, "alertmanager", alertmanager_hosts=[way.address], alertmanager_resolve_time={"hours": 0})
    await way.sees("resolved", TITLE)
    return "alert, in versions 1 and 2; with an end to come, with one that has come"


async def alerta(way: WayIn, kit: Kit) -> str:
    options = {"alerta_api_url": f"{way.url}/api/alert", "alerta_api_key": way.key, "alerta_text": TITLE, "alerta_resource": "web-1"}
    await alert(way, kit, "alerta", **options, alerta_event="errors", alerta_severity="major")
    await way.sees("triggered", TITLE, "error")
    await alert(way, kit, "alerta", **options, alerta_event="errors", alerta_severity="normal")
    await way.sees("resolved", TITLE)
    return "major, normal"


async def post2(way: WayIn, kit: Kit) -> str:
    """The rule of our guide."""
    rule = pasted(way, "elastalert", "yaml")
    await python(
        way,
        kit,
        "import yaml",
        "from elastalert.loaders import FileRulesLoader",
        f"rule = yaml.safe_load({rule!r}) | {{'type': 'any', 'es_host': 'es', 'timestamp_field': '@timestamp'}}",
        "FileRulesLoader({}).load_modules(rule)",
        "rule['alert'][0].alert([{'@timestamp': '2026-01-05T10:15:00Z', 'hostname': 'web-1', 'username': 'ana', 'message': 'declined'}])",
    )
    await way.sees("triggered", "Failed payments", "critical")
    return "an alert (it never says that it is over)"


ALERTERS = {pagerduty: "pagerduty", opsgenie: "opsgenie", victorops: "victorops", alertmanager: "prometheus", alerta: "alerta"}
CLIENTS = [
    *(Client(f"ElastAlert {alerter.__name__} (PyPI)", "elastalert", "elastalert2", ALERTERS[alerter], alerter) for alerter in ALERTERS),
    Client("ElastAlert rule of our guide (PyPI)", "elastalert", "elastalert2", "elastalert", post2),
]
