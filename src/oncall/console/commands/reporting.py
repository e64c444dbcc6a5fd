"""What the report form does: it shows itself, and logs an incident for whoever filled it in."""

from collections.abc import Mapping
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.console.values.reporting import UNKNOWN_FORM, ReportPage
from oncall.desk.values import Reporter, ReporterKind
from oncall.incidents.commands import logging
from oncall.incidents.commands.beside import known_problems
from oncall.incidents.rules.similar import that_help
from oncall.incidents.values.filing import CannotLog, Logged
from oncall.kit.actors import Actor, ActorKind
from oncall.services.commands.report_forms import find_form

LONGEST = {"title": 200, "description": 5_000, "name": 100, "contact": 254}
KINDS = {kind.value: kind for kind in (ReporterKind.CUSTOMER, ReporterKind.EMPLOYEE, ReporterKind.VENDOR)}


async def show(tx: AsyncConnection, key: str) -> ReportPage:
    service = await find_form(tx, key)
    if service is None:
        return UNKNOWN_FORM
    return ReportPage(200, f"Report a problem with {service.name}", service=service.name, shows_form=True)


async def report(tx: AsyncConnection, key: str, said: Mapping[str, str], *, now: datetime) -> ReportPage:
    """Log what was filled in; raises CannotLog with everything that is wrong."""
    service = await find_form(tx, key)
    if service is None:
        return UNKNOWN_FORM
    faults = _faults(said)
    if faults:
        raise CannotLog("The form is not complete.", faults=faults)
    reporter = Reporter(said["name"], KINDS[said.get("kind", "customer")], said.get("contact", ""))
    by = Actor(ActorKind.EXTERNAL, None, reporter.name, "form")
    wanted = Logged(said["title"], service.id, said.get("description", ""), reporter, category_id=service.filing.category_id)
    incident = await logging.log(tx, wanted, by=by, now=now)
    word = f"Thank you, {reporter.name}. It is logged as number {incident.number}, and whoever is on duty is told now."
    helps = that_help(await known_problems(tx, f"{wanted.title}\n{wanted.description}", service.id))
    return ReportPage(201, "Reported", word, mood="done", helps=[(one.title, one.workaround) for one in helps])


def _faults(said: Mapping[str, str]) -> list[tuple[str, str]]:
    faults = [
        (name, sentence)
        for name, sentence in (("title", "Say in one line what is wrong."), ("name", "Say who you are."))
        if not said.get(name)
    ]
    faults += [
        (name, f"{name.capitalize()} is longer than {longest:,} characters: shorten it.")
        for name, longest in LONGEST.items()
        if len(said.get(name, "")) > longest
    ]
    faults += [
        (name, f"{name.capitalize()} must be one line.")
        for name in ("title", "name", "contact")
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in said.get(name, ""))
    ]
    if said.get("kind", "customer") not in KINDS:
        faults.append(("kind", "Say whether you are a customer, an employee or a vendor."))
    contact = said.get("contact", "")
    if "@" in contact:
        try:
            validate_email(contact, check_deliverability=False)
        except EmailNotValidError as wrong:
            faults.append(("contact", f"This is no e-mail address: {wrong}"))
    return faults
