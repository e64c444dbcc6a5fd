"""When a channel has cost enough for today (`reliability.md` S17). Pure."""

from datetime import datetime

from oncall.channels.values import FailedPermanently, Outcome, Sent, Unknown
from oncall.notifications.values.spending import CAP_REACHED, Cap


def decide_cap(cap: Cap | None, spent: int, *, now: datetime) -> FailedPermanently | None:
    """Above it nothing more is sent today; as with any address that can never work, the person's next contact method is due at once."""
    if cap is None or spent < cap.limit:
        return None
    why = f"not sent: {spent} went out today ({now.date().isoformat()} UTC), and {cap.setting} allows {cap.limit} a day"
    return FailedPermanently(why, code=CAP_REACHED)


def cost_of(outcome: Outcome) -> tuple[int, int]:
    """(sent, refused by the cap): what may have arrived is paid for."""
    match outcome:
        case Sent() | Unknown():
            return 1, 0
        case FailedPermanently(code=code) if code == CAP_REACHED:
            return 0, 1
        case _:
            return 0, 0
