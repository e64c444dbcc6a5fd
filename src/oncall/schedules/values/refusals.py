"""What a person can do wrong with a schedule."""

from collections.abc import Iterable

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ScheduleId, UserId


class InvalidSchedule(Invalid):
    """The definition says something that cannot be; the text says what, and in which layer."""

    code = "invalid_schedule"
    title = "Invalid schedule"


class InvalidOverride(Invalid):
    """The override says something that cannot be."""

    code = "invalid_override"
    title = "Invalid override"


class InvalidRange(Invalid):
    """Nothing can be rendered for this range."""

    code = "invalid_range"
    title = "Invalid range"


class InvalidTemporary(Invalid):
    """The temporary schedule says something that cannot be."""

    code = "invalid_temporary_schedule"
    title = "Invalid temporary schedule"


class InvalidUnavailability(Invalid):
    """The unavailability says something that cannot be."""

    code = "invalid_unavailability"
    title = "Invalid unavailability"


class NotInTeam(Invalid):
    """Somebody is to take part in the rotation of a team that they are not in."""

    code = "not_in_team"
    title = "Not in the team"


class NestedInItself(Invalid):
    """A schedule would come to contain itself."""

    code = "nested_in_itself"
    title = "Nested in itself"


class UnknownTeamTurn(Invalid):
    """A team that does not exist is to have a turn."""

    code = "unknown_team"
    title = "Unknown team"

    def __init__(self) -> None:
        super().__init__("There is no team with the id of one of the participants of type team.", field="layers")


class UnknownNested(Invalid):
    """A schedule that does not exist is to have a turn."""

    code = "unknown_schedule"
    title = "Unknown schedule"

    def __init__(self, ids: Iterable[ScheduleId] = ()) -> None:
        named = ", ".join(sorted(map(str, ids))[:10])
        super().__init__(f"There is no schedule with the id {named}.", field="layers")


class UnknownParticipants(Invalid):
    """Somebody who does not exist is to be on call."""

    code = "unknown_user"
    title = "Unknown user"

    def __init__(self, ids: Iterable[UserId] = (), *, field: str | None = None) -> None:
        named = ", ".join(sorted(map(str, ids))[:10])
        super().__init__(f"There is no user with the id {named}." if named else "There is no user with one of these ids.", field=field)


class UnknownOwner(Invalid):
    """The team that is to own a schedule does not exist."""

    code = "unknown_team"
    title = "Unknown team"

    def __init__(self) -> None:
        super().__init__("There is no team with this team_id.", field="team_id")


class UnknownSchedule(NotFound):
    """There is no schedule with this id."""

    def __init__(self) -> None:
        super().__init__("There is no schedule with this id.")


class UnknownOverride(NotFound):
    """There is no override with this id in this schedule."""

    def __init__(self) -> None:
        super().__init__("There is no override with this id in this schedule.")


class OverrideIsOver(Conflict):
    """What is past cannot be changed."""

    code = "override_over"
    title = "Over"

    def __init__(self) -> None:
        super().__init__("This override is over; who was on call then cannot be changed any more.")


class UnknownUnavailability(NotFound):
    """This user has no such unavailability."""

    def __init__(self) -> None:
        super().__init__("This user has no unavailability with this id.")


class UnavailabilityIsOver(Conflict):
    """What is past cannot be changed."""

    code = "unavailability_over"
    title = "Over"

    def __init__(self) -> None:
        super().__init__("This unavailability is over; who was on call then cannot be changed any more.")


class FromACalendar(Conflict):
    """A calendar says so; it would say so again."""

    code = "from_a_calendar"
    title = "From a calendar"

    def __init__(self) -> None:
        super().__init__("This comes from a calendar that is read again and again: change it there, or remove the calendar.")


class UnknownCalendar(NotFound):
    """There is no such calendar, or its token is not valid (any more)."""

    def __init__(self) -> None:
        super().__init__("There is no such calendar.")


class UnknownVersion(NotFound):
    """This schedule has no such version that is still to come."""

    def __init__(self) -> None:
        super().__init__("This schedule has no version with this number that is still to take effect.")


class NoTemporaryThere(NotFound):
    """Nothing is to be taken back in this range."""

    def __init__(self) -> None:
        super().__init__("There is no temporary schedule in this range.")


class UnusableCalendarAddress(Invalid):
    """We may not or cannot call this address."""

    code = "url_not_allowed"
    title = "Address not allowed"
