"""Mails as monitors write them: what each says, what belongs together, and which mails are none of a monitor's."""

from dataclasses import dataclass

import pytest
from tests.channels.messages import NOW, a_page
from tests.intake.payloads import events

from oncall.channels.mail_settings import parse_mail_from
from oncall.channels.mime import compose
from oncall.incidents.values import Event


@dataclass(frozen=True)
class Letter:
    """A subject, who says it, and the headers that count."""

    subject: str
    sender: str = "monitor@example.com"
    head: str = ""
    text: str = "See the web page."

    def read(self) -> Event:
        envelope = "" if "Return-Path:" in self.head else f"Return-Path: <{self.sender}>\r\n"
        raw = f"{envelope}From: {self.sender}\r\nSubject: {self.subject}\r\n{self.head}\r\n{self.text}\r\n"
        (event,) = events("email", raw.encode())
        return event


SERVICE_ALERT = "Service Alert: a/Disk"
PAIRS = {
    "Nagios": (f"** PROBLEM {SERVICE_ALERT} is CRITICAL **", f"** RECOVERY {SERVICE_ALERT} is OK **", SERVICE_ALERT, "critical"),
    "Nagios host": ("** PROBLEM Host Alert: db-1 is DOWN **", "** RECOVERY Host Alert: db-1 is UP **", "Host Alert: db-1", "critical"),
    "Icinga": ("[PROBLEM] disk on db-1 is WARNING!", "[RECOVERY] disk on db-1 is OK!", "disk on db-1", "warning"),
    "Zabbix": ("Problem: High CPU on www", "Resolved in 1h 3m 20s: High CPU on www", "High CPU on www", "unknown"),
    "Zabbix, older": ("PROBLEM: High CPU on www", "OK: High CPU on www", "High CPU on www", "unknown"),
    "Alertmanager": ("[FIRING:2] DiskFull (db-1 critical)", "[RESOLVED] DiskFull (db-1 critical)", "DiskFull (db-1 critical)", "unknown"),
    "Grafana": ("[FIRING:1] Disk is full (ops)", "[RESOLVED] Disk is full (ops)", "Disk is full (ops)", "unknown"),
    "Checkmk": ("Checkmk: db-1/Filesystem / OK -> CRIT", "Checkmk: db-1/Filesystem / CRIT -> OK", "Checkmk: db-1/Filesystem /", "critical"),
    "UptimeRobot": ("Monitor is DOWN: shop", "Monitor is UP: shop", "shop", "unknown"),
    "Pingdom": ("DOWN alert: shop (example.com) is DOWN", "UP alert: shop (example.com) is UP", "shop (example.com)", "critical"),
    "Healthchecks": ("DOWN | nightly backup", "UP | nightly backup", "nightly backup", "unknown"),
    "Uptime Kuma": ("[shop] [🔴 Down] no answer", "[shop] [✅ Up] no answer", "[shop] no answer", "unknown"),
    "with brackets before": ("[netdata] CRITICAL: disk of db-1", "[netdata] RECOVERED: disk of db-1", "[netdata] disk of db-1", "critical"),
    "a script": ("[CRITICAL] Disk", "[OK] Disk", "Disk", "critical"),
}  # fmt: skip


@pytest.mark.parametrize("monitor", PAIRS)
def test_a_problem_and_its_end_meet(monitor: str) -> None:
    problem, end, title, severity = PAIRS[monitor]
    opened, resolved = Letter(problem).read(), Letter(end).read()
    assert (opened.action.value, opened.summary, opened.severity.value) == ("trigger", title, severity)
    assert (resolved.action.value, resolved.summary) == ("resolve", title)
    assert opened.dedup_key.partition(" integration=")[0] == resolved.dedup_key.partition(" integration=")[0]


def test_the_same_subject_from_another_sender_is_another_problem() -> None:
    one, other = Letter("[PROBLEM] Disk", sender="root@db-1").read(), Letter("[PROBLEM] Disk", sender="root@db-2").read()
    assert one.dedup_key.partition(" integration=")[0] != other.dedup_key.partition(" integration=")[0]


def test_who_sends_is_known_by_the_address_and_not_by_the_name_beside_it() -> None:
    one, other = Letter("[PROBLEM] Disk", sender="A <Root@db-1>").read(), Letter("[OK] Disk", sender="root@db-1").read()
    assert one.dedup_key.partition(" integration=")[0] == other.dedup_key.partition(" integration=")[0]


@pytest.mark.parametrize(
    ("who", "subject", "head", "key"),
    [
        ("cron", "Cron <root@db-1> /usr/local/bin/backup", "Auto-Submitted: auto-generated\r\nPrecedence: bulk\r\n", "<1@m>"),
        ("Proxmox", "vzdump backup status (pve1.example.com): backup failed", "Auto-Submitted: auto-generated;\r\n", "<1@m>"),
        ("Synology", "[nas] Storage pool 1 is degraded", "X-Priority: 1\r\n", "<1@m>"),
        ("a UPS", "nas UPS Power Failure !!!", "Precedence: bulk\r\n", "<1@m>"),
        ("mdadm", "Fail event on /dev/md0:db-1", "", "<1@m>"),
        ("Jenkins", "Build failed in Jenkins: shop #12", "List-ID: <ci>\r\n", "<1@m>"),
        ("GitHub", "[org/shop] Run failed: CI - main (abc123)", "Precedence: list\r\nReferences: <r@github.com>\r\n", "<r@github.com>"),
        ("who wants no answers", "Disk is full", "Return-Path: <>\r\n", "<1@m>"),
        ("a door", "Out of office door open", "Auto-Submitted: auto-generated\r\n", "<1@m>"),
    ],
)
def test_monitors_that_only_complain_page_each_time(who: str, subject: str, head: str, key: str) -> None:
    event = Letter(subject, head=f"{head}Message-ID: <1@m>\r\n").read()
    assert (event.action.value, event.summary, event.dedup_key) == ("trigger", subject, key), who


def test_jenkins_is_back_to_normal_in_the_thread_that_its_failure_began() -> None:
    event = Letter("Jenkins build is back to normal : shop #13", head="In-Reply-To: <6@j>\r\nReferences: <6@j>\r\n").read()
    assert (event.action.value, event.dedup_key) == ("resolve", "<6@j>")


UNDELIVERED, RECEIPT = "a report of a mail server about a mail that it could not deliver", "a receipt for a mail that was read"
OURS, ANSWERED = "a page of an on-call service on its way back", "an answer to a page of ours"
BOUNCE = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\nMessage-ID: <1@mta>\r\n'


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (Letter("Re: Disk", head="Auto-Submitted: auto-replied\r\n"), "an automatic reply"),
        (Letter("Re: Disk", head="Precedence: auto_reply\r\n"), "an automatic reply"),
        (Letter("Re: Disk", head="X-Autoreply: yes\r\n"), "an automatic reply"),
        (Letter("Automatic reply: Disk", head="Auto-Submitted: auto-generated\r\n"), "an automatic reply"),
        (Letter("Out of Office: Disk", head="Precedence: bulk\r\n"), "an automatic reply"),
        (Letter("Abwesenheitsnotiz: Disk", head="Return-Path: <>\r\n"), "an automatic reply"),
        (Letter("Undelivered Mail Returned to Sender", head=f"Return-Path: <>\r\n{BOUNCE}"), UNDELIVERED),
        (Letter("failure notice", sender="MAILER-DAEMON@mx.example.com", head="Return-Path: <>\r\n"), UNDELIVERED),
        (Letter("Mail delivery failed", head="X-Failed-Recipients: ana@example.com\r\n"), UNDELIVERED),
        (Letter("Read: Disk", head="Content-Type: multipart/report; report-type=disposition-notification\r\n"), RECEIPT),
        (Letter("[#7] Disk", head="X-Oncall-Notification: 0190\r\nAuto-Submitted: auto-generated\r\n"), OURS),
        (Letter("Re: [#7] Disk", head="References: <incident-0190a5b2-0000-7000-8000-000000000001@x>\r\n"), ANSWERED),
        (Letter("** FLAPPINGSTART Host Alert: db-1 is DOWN **"), "it began to flap"),
    ],
)  # fmt: skip
def test_what_machines_answer_is_recorded_and_pages_nobody(letter: Letter, reason: str) -> None:
    event = letter.read()
    assert (event.action.value, event.reason) == ("ignore", reason)


@pytest.mark.parametrize(
    "letter",
    [
        Letter("Disk", head="X-Autoreply: no\r\nAuto-Submitted: no\r\n"),
        Letter("Automatic reply: Disk"),  # nothing says that a machine wrote it
        Letter("Automatic reply service is down", head="Auto-Submitted: auto-generated\r\n"),
        Letter("Queue of postmaster@example.com is full", sender="postmaster@example.com"),
        Letter("DMARC", head="Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n"),
        Letter("Disk", head="Precedence: list\r\nReferences: <incident-7@example.com>\r\n"),
    ],
)
def test_what_only_looks_like_an_answer_pages(letter: Letter) -> None:
    assert letter.read().action.value == "trigger"


def test_our_own_page_is_known_when_it_comes_back() -> None:
    page = compose(a_page(), to="x@example.com", sender=parse_mail_from("oncall@example.com"), now=NOW)
    (event,) = events("email", page)
    assert (event.action.value, event.reason) == ("ignore", OURS)
