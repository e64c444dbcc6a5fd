"""Places where tests may hold a process up."""

import asyncio
from collections.abc import Iterator

import pytest

from oncall.kit import failpoints


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


async def test_the_first_to_reach_a_hold_waits_there_and_others_pass() -> None:
    failpoints.arm("send.post_claim=hold")
    first = asyncio.create_task(failpoints.reach("send.post_claim"))
    while not failpoints.is_held("send.post_claim"):
        await asyncio.sleep(0)
    await failpoints.reach("send.post_claim")
    assert not first.done()
    failpoints.arm("")
    await first


@pytest.mark.parametrize("spec", ["send.post_claim=held", "send.post_claim=hold:1", "nowhere=hold"])
def test_what_cannot_be_meant_is_refused(spec: str) -> None:
    with pytest.raises(ValueError, match="failpoint"):
        failpoints.parse(spec)
