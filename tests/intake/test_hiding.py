"""Looking through a text for secrets takes as long as the text is, whatever somebody wrote to make it take longer."""

import time
from collections.abc import Callable

import pytest

from oncall.intake.rules import redacted, told

LINE = "content-disposition:" + "name=a" * 33 + "b" * 300
HOSTILE = {
    "tokens that never end": ("token=x ", "eyJ-"),
    "tokens of two parts": ("token=x ", "eyJaaaaaaaa.eyJaaaa-"),
    "a per cent sign before letters": ("token: 5% ", "é"),
    "a per cent sign before base64": ("token: 5% ", "A1b2"),
    "per cent signs alone": ("token: ", "%"),
    "what is percent-encoded": ("token: ", "%41=%"),
    "heads of parts": ("token= ", LINE + "\n"),
    "heads of parts on one line": ("token= ", LINE),
    "heads of parts with many names": ("token= ", "content-disposition:" + "name=a" * 100 + "\n"),
    "heads of parts that go on": ("token= ", 'content-disposition: name="password"\nx: y\n'),
    "escaped quotes": ("token= ", '\\"'),
    "strings with quotes": ("token= ", '"\\"'),
    "strings that never end": ("", 'password="'),
    "groups that never end": ("", "password:{"),
    "escaped strings that never end": ("", 'password=\\"'),
    "entities that never end": ("", "password:&quot;"),
    "elements that never end": ("", "<password>"),
    "attributes": ("", '<a name="password" value="x">'),
    "names before values": ("", ">password</name><v>"),
    "twins": ("", '{"name":"password","value":['),
    "backslashes": ("\\u0041", "\\"),
    "names": ("token= ", "[.$%-"),
    "entities of entities": ("token= &", "amp;"),
    "tags as entities": ("token= ", "&lt;a "),
    "words before secrets": ("token= ", "bearer basic key "),
    "private keys": ("token= ", "-----BEGIN A"),
    "addresses": ("token= ", "https://a"),
    "hooks": ("token= ", "hooks.slack.com/services/"),
}
KB = 1_024


def taken(look: Callable[[str], str], said: str) -> float:
    """Seconds of this thread's own, the better of two."""

    def once() -> float:
        began = time.thread_time()
        look(said)
        return time.thread_time() - began

    return min(once(), once())


@pytest.mark.soak
@pytest.mark.parametrize("look", [told, redacted])
@pytest.mark.parametrize(("begins", "unit"), HOSTILE.values(), ids=HOSTILE)
def test_twice_as_long_takes_twice_as_long(look: Callable[[str], str], begins: str, unit: str) -> None:
    short, double, fourfold, longest = (
        taken(look, (begins + unit * (size * KB // len(unit) + 1))[: size * KB]) for size in (32, 64, 128, 256)
    )
    # What is over in a moment says nothing about how it grows.
    assert double < max(3 * short, 0.05)
    assert fourfold < max(3 * double, 0.1)
    assert longest < 1.5
