"""What people see of what monitors sent."""

from oncall.incidents.values import Body
from oncall.intake.rules import ShownBody, redacted, shown_body, shown_headers


def show(body: Body) -> tuple[ShownBody, dict[str, str], str]:
    """A body, its headers and its media type, each without secrets. Takes a while where the body is large."""
    return shown_body(body.raw, body.content_type), shown_headers(body.headers), redacted(body.content_type)
