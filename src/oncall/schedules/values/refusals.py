"""What a person can do wrong with a schedule."""

from collections.abc import Iterable

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import UserId


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


class UnknownParticipants(Invalid):
    """Somebody who does not exist is to be on call."""

    code = "unknown_user"
    title = "Unknown user"

    def __init__(self, ids: Iterable[UserId] = ()) -> None:
        named = ", ".join(sorted(map(str, ids))[:10])
        super().__init__(f"There is no user with the id {named}." if named else "There is no user with one of these ids.")


class UnknownOwner(Invalid):
    """The team that is to own a schedule does not exist."""

    code = "unknown_team"
    title = "Unknown team"

    def __init__(self) -> None:
        super().__init__("There is no team with this team_id.")


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
