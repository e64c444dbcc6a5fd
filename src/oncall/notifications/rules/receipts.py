"""What receipts make of a message, in whatever order and however often they come (`reliability.md` F19). Pure."""

from oncall.notifications.values import Status
from oncall.notifications.values.receipts import ReceiptState

RANK = {state: rank for rank, state in enumerate(ReceiptState)}
LEFT = {Status.SENT, Status.DELIVERED, Status.READ}


def furthest(known: ReceiptState | None, told: ReceiptState) -> ReceiptState:
    """The one that outranks the other."""
    return told if known is None or RANK[told] > RANK[known] else known


def status_after(status: Status, receipt: ReceiptState) -> Status:
    """Only what has left us changes: what is still to be sent, or was cancelled, is so whatever a provider says."""
    return Status(receipt.value) if status in LEFT else status
