"""What runs on the monitored machine itself: Netdata's notification script, and Monit."""

import os
from collections.abc import Sequence
from itertools import count

from tests.clients.client import Client
from tests.clients.guides import pasted
from tests.clients.installing import Kit
from tests.clients.live import WayIn
from tests.clients.programs import run, started

INFO = "disk / space utilization"
ALARM = "disk_space_usage of disk_space._ on db-1"
EVENTS = count(1)


async def netdata(way: WayIn, kit: Kit, status: str, before: str, *settings: str) -> None:
    """Netdata's script, as its daemon calls it when an alarm changes; it fails if it could notify nobody."""
    lines = ["SEND_EMAIL=NO", "SEND_SYSLOG=NO", *settings]
    (way.folder / "health_alarm_notify.conf").write_text("\n".join(lines) + "\n")
    env = way.env | {"NETDATA_USER_CONFIG_DIR": f"{way.folder}", "NETDATA_STOCK_CONFIG_DIR": f"{way.folder}"}
    value = "97.4" if status != "CLEAR" else "12.1"
    number = f"{next(EVENTS)}"
    event = [
        "sysadmin", "db-1", number, "1704448500", number, "1767608100", "disk_space_usage", "disk_space._", "/", status, before, value,
        "50", "line=12,file=/etc/netdata/health.d/disks.conf", "60", "60", "%", INFO, f"{value}%", "50%", "$used > 90", "", "1", "1",
        "", "", "Utilization", "edit", "",
    ]  # fmt: skip
    await run("bash", f"{kit.folder}/usr/lib/netdata/plugins.d/alarm-notify.sh", *event, env=env)


async def _through_its_states(way: WayIn, kit: Kit, settings: Sequence[str], title: str, severities: tuple[str, str] | None = None) -> str:
    """WARNING, CRITICAL, CLEAR."""
    for status, before, severity in (("WARNING", "CLEAR", 0), ("CRITICAL", "WARNING", 1)):
        await netdata(way, kit, status, before, *settings)
        await way.sees("triggered", title, severities[severity] if severities else None)
    await netdata(way, kit, "CLEAR", "CRITICAL", *settings)
    await way.sees("resolved", title)
    return "WARNING, CRITICAL, CLEAR"


async def netdata_pagerduty(way: WayIn, kit: Kit) -> str:
    """Its dedup key is the number of the event, not of the alarm: to PagerDuty as to us each is a problem of its own, and none ends."""
    settings = "SEND_PD=YES", f"DEFAULT_RECIPIENT_PD={way.key}", "USE_PD_VERSION=2"
    await netdata(way, kit, "WARNING", "CLEAR", *settings)
    await way.sees("triggered", INFO, "warning")
    await netdata(way, kit, "CRITICAL", "WARNING", *settings)
    await way.sees("triggered", INFO, "critical", of=2)
    await netdata(way, kit, "CLEAR", "CRITICAL", *settings)
    await way.sees("triggered", INFO, "critical", of=2)
    return "WARNING, CRITICAL, CLEAR, which ends nothing: it gives each event another dedup key"


async def netdata_pagerduty_v1(way: WayIn, kit: Kit) -> str:
    settings = "SEND_PD=YES", f"DEFAULT_RECIPIENT_PD={way.key}", "USE_PD_VERSION=1"
    return await _through_its_states(way, kit, settings, "WARNING disk_space_usage = 97.4% - db-1, /")


async def netdata_opsgenie(way: WayIn, kit: Kit) -> str:
    settings = "SEND_OPSGENIE=YES", f"OPSGENIE_API_KEY={way.key}", f"OPSGENIE_API_URL={way.url}"
    return await _through_its_states(way, kit, settings, ALARM, ("warning", "critical"))


async def netdata_alerta(way: WayIn, kit: Kit) -> str:
    address = f"ALERTA_WEBHOOK_URL={way.url}/api", f"ALERTA_API_KEY={way.key}"
    return await _through_its_states(way, kit, ("SEND_ALERTA=YES", *address, "DEFAULT_RECIPIENT_ALERTA=Production"), INFO)


async def netdata_custom(way: WayIn, kit: Kit) -> str:
    """As our guide says."""
    return await _through_its_states(way, kit, [pasted(way, "netdata", "sh")], ALARM, ("warning", "critical"))


async def netdata_slack(way: WayIn, kit: Kit) -> str:
    settings = "SEND_SLACK=YES", f"SLACK_WEBHOOK_URL={way.address}", "DEFAULT_RECIPIENT_SLACK=alarms"
    return await _through_its_states(way, kit, settings, "disk space usage = 97.4%", ("warning", "error"))


async def monit(way: WayIn, kit: Kit) -> str:
    """The script and the first two lines of our guide: a process is not there, then is (it is ours)."""
    script, rc, pidfile = way.folder / "oncall-monit", way.folder / "monitrc", way.folder / "nginx.pid"
    script.write_text(pasted(way, "monit", "sh"))
    script.chmod(0o700)
    guide = pasted(way, "monit").replace("/usr/local/bin/oncall-monit", f"{script}").replace("/run/nginx.pid", f"{pidfile}")
    files = "\n".join(f"set {name} {way.folder}/{name}" for name in ("pidfile", "statefile", "idfile"))
    rc.write_text(f"set daemon 1\n{files}\n{guide}")
    rc.chmod(0o600)
    async with started(f"{kit.folder}/usr/bin/monit", "-I", "-c", f"{rc}", log=way.folder / "log", env=way.env):
        opened = await way.sees("triggered")
        assert opened["title"].startswith("nginx"), f"its title is {opened['title']!r}"
        pidfile.write_text(f"{os.getpid()}\n")
        await way.sees("resolved")
    return "a process does not exist, and exists"


PACKAGE = "netdata-plugins-bash"
CLIENTS = [
    Client("Netdata PagerDuty (Debian)", "netdata", PACKAGE, "pagerduty", netdata_pagerduty),
    Client("Netdata PagerDuty v1 (Debian)", "netdata", PACKAGE, "pagerduty", netdata_pagerduty_v1),
    Client("Netdata Opsgenie (Debian)", "netdata", PACKAGE, "netdata", netdata_opsgenie),
    Client("Netdata Alerta (Debian)", "netdata", PACKAGE, "alerta", netdata_alerta),
    Client("Netdata custom_sender (Debian)", "netdata", PACKAGE, "netdata", netdata_custom),
    Client("Netdata Slack (Debian)", "netdata", PACKAGE, "slack", netdata_slack),
    Client("Monit with our guide (Debian)", "monit", "monit", "monit", monit),
]
