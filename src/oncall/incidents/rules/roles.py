"""Which roles somebody is to take, and what the timeline says of one that goes to another. Pure."""

from collections.abc import Sequence

from oncall.desk.values.roles import Role
from oncall.incidents.rules.returning import OPEN
from oncall.incidents.values import Incident
from oncall.incidents.values.roles import Holder


def owed(incident: Incident, holders: Sequence[Holder]) -> tuple[Role, ...]:
    """The roles without a holder: the commander of a major incident is obligatory, others where a template asked for them. What is over
    owes nothing.
    """
    if incident.status not in OPEN:
        return ()
    held = {one.role for one in holders if one.user_id is not None}
    asked = {one.role for one in holders} | ({Role.COMMANDER} if incident.is_major else set())
    return tuple(role for role in Role if role in asked - held)


def words_of(role: Role, name: str, before: Holder | None, reason: str | None) -> str:
    whose = f"{name} is {role.value}"
    from_whom = f", handed over by {before.user}" if before and before.user else ""
    return f"{whose}{from_whom}" + (f": {reason}" if reason else "")


def words_of_leaving(before: Holder, reason: str | None) -> str:
    return f"{before.user} is {before.role.value} no more" + (f": {reason}" if reason else "")
