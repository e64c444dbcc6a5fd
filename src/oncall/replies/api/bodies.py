"""What was posted, as it came: what is signed is signed over its bytes."""

from starlette.requests import Request

from oncall.replies.values import NotAForm


async def read_body(request: Request, *, limit: int) -> bytes:
    """All of it, if it says beforehand how long it is, and is not too long."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or len(length) > 9 or int(length) > limit:
        raise NotAForm(f"Send it with its Content-Length, at most {limit // 1024} KiB.")
    return await request.body()
