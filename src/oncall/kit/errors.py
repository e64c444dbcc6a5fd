"""What a person can do wrong, as exceptions. The text of each is the sentence that person reads."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar


class Refusal(Exception):
    """Base of everything we refuse on purpose; rooms derive their own, `kit.http` turns them into problem+json."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    members: Mapping[str, object] = MappingProxyType({})
    """What the answer says besides, for programs."""


class Invalid(Refusal):
    """The request was understood and says something that cannot be; `field` is where in the body, as `layers.0.rotation.count`.

    Where several things are wrong, `faults` are all of them: (field, sentence).
    """

    status = 422
    code = "invalid"
    title = "Invalid request"

    def __init__(self, sentence: str = "", *, field: str | None = None, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(sentence)
        self.field = field
        self.faults = faults or ([(field, sentence)] if field else [])


class NotFound(Refusal):
    """There is no such thing, or the caller may not know of it."""

    status = 404
    code = "not_found"
    title = "Not found"


class Gone(Refusal):
    """It was there, and is kept no longer."""

    status = 410
    code = "gone"
    title = "Gone"


class Conflict(Refusal):
    """The request clashes with what exists."""

    status = 409
    code = "conflict"
    title = "Conflict"


class Unauthorized(Refusal):
    """No credential, or one that is not valid; the text never says which."""

    status = 401
    code = "unauthorized"
    title = "Not signed in"


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class Stale(Refusal):
    """Somebody else edited the resource since the caller read it."""

    status = 412
    code = "stale"
    title = "Changed meanwhile"


class PreconditionRequired(Refusal):
    """An edit must say which version it edits."""

    status = 428
    code = "if_match_required"
    title = "If-Match required"


class Unavailable(Refusal):
    """We cannot do it now; the same request may succeed shortly."""

    status = 503
    code = "unavailable"
    title = "Try again shortly"
