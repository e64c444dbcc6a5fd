"""What people say when they do something with an incident."""

from typing import Annotated

from pydantic import StringConstraints

from oncall.incidents.schemas.incidents import VerbIn

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""For the timeline, in one line."""


class ReasonIn(VerbIn):
    reason: Reason | None = None
