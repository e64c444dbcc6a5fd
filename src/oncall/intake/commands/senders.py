"""Whether a request comes from whom its integration expects, by whatever the integration asks for beside its key."""

from collections.abc import Mapping
from datetime import datetime

from oncall.intake.commands.sns import Certificates
from oncall.intake.rules.keys import key_in
from oncall.services import rules
from oncall.services.values.senders import Authentication, Scheme, Sent

__all__ = ["key_in", "why_refused"]


async def why_refused(
    wanted: Authentication, headers: Mapping[str, str], raw: bytes | None, certificates: Certificates, *, now: datetime
) -> str | None:
    """Why not, for whoever runs the integration; None if it does. `raw` is the body as it came, None if it was too large.

    Raises Unavailable where that cannot be said just now.
    """
    if wanted.scheme is Scheme.SNS:
        return await certificates.why_refused(wanted, raw, now=now)
    return rules.why_refused(wanted, Sent(headers, raw), now=now)
