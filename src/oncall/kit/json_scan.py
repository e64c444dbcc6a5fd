"""What can be said of a JSON body without parsing it, in a few passes of C over its bytes."""

from array import array
from itertools import accumulate

_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")  # one level down; as signed bytes, one level up
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def deeper_than(body: bytes, limit: int) -> bool:
    """Whether arrays and objects nest more than `limit` levels (`[]` is one level, a bare number none).

    Exact for well-formed JSON. For a body that no parser would take it may err to True, and False still bounds how deep a parser
    gets before it refuses it. Linear in the length of the body, whatever it holds.
    """
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    # A string ends at its first quote that is not escaped; with every escaped backslash, then every escaped quote taken out, quotes
    # alternate between opening and closing, so each second piece lies outside of strings.
    outside = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    return max(accumulate(array("b", outside.translate(_STEPS, _NOT_BRACKETS))), default=0) > limit
