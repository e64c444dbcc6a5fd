"""What people say when they do something with an incident."""

from typing import Annotated

from pydantic import StringConstraints

from oncall.incidents.schemas.incidents import VerbIn
from oncall.kit.http import Duration, Instant

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""For the timeline, in one line."""


class ReasonIn(VerbIn):
    reason: Reason | None = None


class SnoozeIn(ReasonIn):
    """For how long, or until when: from PT1M to P7D."""

    duration: Duration | None = None
    until: Instant | None = None
