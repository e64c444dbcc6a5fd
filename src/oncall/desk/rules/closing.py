"""When an incident may be closed, by whom, and what that still needs. Pure (`semantics.md` §6)."""

from dataclasses import replace
from datetime import datetime

from oncall.desk.values import Closure, Process, Record, ReporterKind, Verdict, Verification
from oncall.desk.values.closing import Asker, Missing, NotReady, NotTheDesk, Resolved
from oncall.kit.errors import Invalid


def closure_of(resolved: Resolved | None, record: Record | None, process: Process) -> Closure | None:
    """What a resolved incident waits for; of one that is not resolved, or that is closed without being asked about, nothing.

    What was said of an earlier resolution counts no more: an incident may be resolved again.
    """
    if resolved is None:
        return None
    if record is not None and record.closure is not None and record.closure_since is not None and record.closure_since >= resolved.at:
        return record.closure
    if process is not Process.ITIL:
        return None
    return Closure.AWAITING_REPORTER if record is not None and asks_reporter(record) else Closure.AWAITING_DESK


def asks_reporter(record: Record) -> bool:
    """A monitor says itself that it is well again; others are asked, where we can reach them."""
    return can_be_written_to(record)


def can_be_written_to(record: Record) -> bool:
    reporter = record.reporter
    return reporter is not None and reporter.kind is not ReporterKind.MONITOR and "@" in reporter.contact


def verified_by_monitor(record: Record | None, resolved: Resolved, *, now: datetime) -> bool:
    """Reporter kind *monitor*: its own resolve, and the time of watching that follows, are the verification."""
    if record is not None and record.reporter is not None and record.reporter.kind is not ReporterKind.MONITOR:
        return False
    if record is not None and record.reporter is None and not resolved.by_alert:
        return False
    watched = record is None or record.monitoring_until is None or record.monitoring_until <= now
    return resolved.all_clear and watched


def check_closer(asker: Asker, record: Record, resolved: Resolved | None, process: Process, *, now: datetime) -> None:
    """Under `itil` the service desk closes, and nobody else; what the desk still needs, others can do for it."""
    if process is not Process.ITIL or asker.is_desk:
        return
    left = [sentence for _, sentence in _missing(record, resolved, now=now)] if resolved else []
    advice = f"What you can do for them: {' '.join(left)}" if left else "Its record is complete: it waits for one of them."
    raise NotTheDesk(
        f"This incident is filed by the process `itil`: only the service desk closes it, and {asker.name} has not the org role "
        f"`service_desk`. {advice}"
    )


def check_complete(record: Record, resolved: Resolved, process: Process, *, now: datetime) -> None:
    """Everything that is obligatory and missing, at once."""
    if process is Process.ITIL and (faults := _missing(record, resolved, now=now)):
        raise Missing(f"It cannot be closed yet; {len(faults)} things are missing." if len(faults) > 1 else faults[0][1], faults=faults)


def _missing(record: Record, resolved: Resolved, *, now: datetime) -> list[tuple[str, str]]:
    """What is obligatory under `itil` and not there: (field, what to do)."""
    faults: list[tuple[str, str]] = []
    if record.category_id is None:
        faults.append(("category_id", "Say which category it turned out to be."))
    if not record.resolution_code:
        faults.append(("resolution_code", "Say how it was resolved, in a code: fixed, workaround, duplicate, no_fault_found, …"))
    if not record.resolution_text:
        faults.append(("resolution_text", "Say what was done, in words."))
    said = record.verification is not None and record.verification.at >= resolved.at
    if not said and not verified_by_monitor(record, resolved, now=now):
        faults.append(
            ("verification", "Record what the reporter says of it (`…/verify`), or why they cannot be asked (`verdict: waived`).")
        )
    return faults


def check_objection(closure: Closure | None) -> None:
    if closure is Closure.NOT_SATISFIED:
        raise NotReady(
            "The reporter is not satisfied with the resolution: reopen it, or record what they say now (`…/verify`).",
            status="resolved",
            closure=closure,
            allowed=("reopen", "verify"),
        )


def check_verdict(verdict: Verdict, text: str, asker: Asker, process: Process) -> None:
    """Whoever leads it records what the reporter says; that nobody could be asked is for the desk to say, and why."""
    if verdict is Verdict.WAIVED:
        if process is Process.ITIL and not asker.is_desk:
            raise NotTheDesk(
                f"Only the service desk says that a reporter could not be asked, and {asker.name} has not the org role `service_desk`. "
                "What you can do: ask, and record what they say (`verdict`: satisfied or not_satisfied)."
            )
        if not text:
            raise Invalid("Say why the reporter was not asked.", field="text")


def after_verdict(record: Record, verification: Verification) -> Record:
    waits = Closure.NOT_SATISFIED if verification.verdict is Verdict.NOT_SATISFIED else Closure.AWAITING_DESK
    return replace(record, verification=verification, closure=waits, closure_since=verification.at)


def has_objected(record: Record, resolved_at: datetime | None) -> bool:
    """Whether the reporter's last word of this resolution is a no, on which something was done already; one of the very instant was said of
    the resolution before.
    """
    said = record.verification
    return said is not None and said.verdict is Verdict.NOT_SATISFIED and resolved_at is not None and said.at > resolved_at


def no_stands(record: Record, resolved_at: datetime | None, verdict: Verdict, *, by_reporter: bool) -> bool:
    """Whether this verdict changes nothing, because a no was acted on: said again it is no news, and its reporter does not take it back by
    themselves. Whoever leads the incident may record what they say now.
    """
    return has_objected(record, resolved_at) and (by_reporter or verdict is Verdict.NOT_SATISFIED)
