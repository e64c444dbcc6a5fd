"""What was done for an incident so far, which whoever gets it next should know."""

from dataclasses import dataclass

from oncall.desk.values.roles import Role


@dataclass(frozen=True, slots=True)
class SoFar:
    """`last_note` is who wrote it and its text; `holders` are the roles with the names of those who have them."""

    notes: int = 0
    last_note: tuple[str, str] | None = None
    tasks: int = 0
    open_tasks: int = 0
    holders: tuple[tuple[Role, str], ...] = ()
