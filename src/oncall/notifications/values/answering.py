"""What is known of a message when somebody answers it."""

from dataclasses import dataclass
from uuid import UUID

from oncall.kit.ids import NotificationId, UserId
from oncall.notifications.values import Step


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message, and to whom; `page` is where in an incident's escalation it belongs, if it is one of a page."""

    id: NotificationId
    user_id: UserId
    contact_method_id: UUID
    channel: str
    address: str
    page: Step | None


@dataclass(frozen=True, slots=True)
class PageSent:
    """Somebody was paged, and is who they are still; or a team's channel was, behind which may be anybody (`of_team`)."""

    id: NotificationId
    at: Step
    user_id: UserId
    user_name: str
    of_team: bool = False

    @property
    def owner_id(self) -> UserId | None:
        """Who has what they acknowledge: of a channel nobody that is known."""
        return None if self.of_team else self.user_id
