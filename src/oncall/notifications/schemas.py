"""What the routes that prove and test contact methods take and show."""

from typing import Annotated

from pydantic import AfterValidator

from oncall.contacts.schemas import ContactMethodShown, TeamContactMethodShown
from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import NotificationId


def _six_digits(code: str) -> str:
    code = code.replace(" ", "")
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        raise ValueError("is six digits")
    return code


class CodeIn(Strict):
    """The code that was sent; without one, another is sent."""

    code: Annotated[str, AfterValidator(_six_digits)] | None = None


class OnItsWay(Shown):
    """A message that was made for this address alone; what became of it is at `href`."""

    notification_id: NotificationId
    href: str


class CodeOnItsWay(OnItsWay):
    """From `expires_at` on the code is not sent, and proves nothing."""

    expires_at: Instant


Verifying = ContactMethodShown | CodeOnItsWay
VerifyingTeams = TeamContactMethodShown | CodeOnItsWay
