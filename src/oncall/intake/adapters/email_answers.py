"""Mails that are about mails: what machines answer, reports of what could not be delivered, and our own pages on their way back."""

import re
from collections.abc import Mapping

from oncall.intake.rules import one_line

ABSENT = re.compile(
    r"(?i)^(?:automatic reply|auto(?:matic|mated)?[ -]?(?:reply|response)|out of (?:the )?office|vacation reply|automatische antwort"
    r"|abwesenheits\w*|réponse automatique|absence du bureau|respuesta automática|risposta automatica)[^:]{0,20}:"
)
REPORTS = re.compile(r"(?i)report-type\s*=\s*\"?(?P<type>delivery-status|disposition-notification)")
POSTMASTER = re.compile(r"(?i)\b(?:mailer-daemon|postmaster)@")
OURS = "x-oncall-notification"
OUR_THREAD = re.compile(r"<incident-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@")
ANSWERING = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply-from", "x-vacation")


def why_ignored(headers: Mapping[str, str], sender: str, subject: str) -> str:
    """Why a mail is no event; "" for one that is.

    Monitors call their mails `auto-generated`, send them in `bulk`, and without an address to send bounces to: none of that says
    anything by itself.
    """
    if OURS in headers:
        return "a page of an on-call service on its way back"
    if OUR_THREAD.search(headers.get("references", "") + headers.get("in-reply-to", "")):
        return "an answer to a page of ours"
    return _report(headers, sender) or _automatic(headers, subject)


def _report(headers: Mapping[str, str], sender: str) -> str:
    """RFC 3464 and 8098; or as servers write that keep to neither: from nobody, in the name of their postmaster."""
    found = REPORTS.search(headers.get("content-type", ""))
    if found and found["type"].lower() == "disposition-notification":
        return "a receipt for a mail that was read"
    is_from_nobody = headers.get("return-path", "").strip() == "<>"
    if found or "x-failed-recipients" in headers or (is_from_nobody and POSTMASTER.search(sender)):
        return "a report of a mail server about a mail that it could not deliver"
    return ""


def _automatic(headers: Mapping[str, str], subject: str) -> str:
    """RFC 3834, and what was usual before."""
    submitted = headers.get("auto-submitted", "").strip().lower()
    precedence = headers.get("precedence", "").strip().lower()
    is_by_machine = precedence in {"bulk", "junk"} or submitted.startswith("auto-") or headers.get("return-path", "").strip() == "<>"
    is_answer = submitted.startswith("auto-replied") or precedence in {"auto_reply", "auto-reply"}
    is_answer = is_answer or any(said and said.lower() != "no" for said in (headers.get(name, "").strip() for name in ANSWERING))
    return "an automatic reply" if is_answer or (is_by_machine and ABSENT.match(one_line(subject))) else ""
