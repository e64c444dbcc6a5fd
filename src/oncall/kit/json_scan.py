"""What can be said of a JSON body without parsing it, in a few passes of C over its bytes."""

_PAIRS = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def deeper_than(body: bytes, limit: int) -> bool:
    """Whether arrays and objects nest more than `limit` levels (`[]` is one level, a bare number none).

    Exact for well-formed JSON. For a body that no parser would take it may err to True, and False still bounds how deep a parser
    can get by `2 * limit`. Linear in the length of the body, whatever it holds.
    """
    if body.count(b"[") + body.count(b"{") <= limit:
        return False
    # A string ends at its first quote that is not escaped; with every escaped backslash, then every escaped quote taken out, quotes
    # alternate between opening and closing, so each second piece lies outside of strings.
    outside = b"".join(body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2])
    brackets = outside.translate(_PAIRS, _NOT_BRACKETS)
    too_many = b"[" * (limit + 1)
    for _ in range(limit):
        if too_many in brackets:  # what would otherwise make the passes below slow
            return True
        fewer = brackets.replace(b"[]", b"")  # takes the innermost level away
        if len(fewer) == len(brackets):
            return brackets.count(b"[") > limit
        brackets = fewer
    return b"[" in brackets
