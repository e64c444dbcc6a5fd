"""What is counted in memory stays bounded, and a wait ends."""

from datetime import timedelta

import pytest

from oncall.kit.limits import FailureLimiter, Recent, network_of


class Time:
    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


def limiter(time: Time, *, keep: int = 100) -> FailureLimiter:
    return FailureLimiter(limit=3, per=timedelta(seconds=60), keep=keep, monotonic=time)


def test_after_the_last_allowed_failure_a_source_waits_until_its_window_ends() -> None:
    time = Time()
    limits = limiter(time)
    for _ in range(3):
        assert limits.wait("a") == 0
        limits.failed("a")
        time.at += 10
    assert limits.wait("a") == 30
    time.at += 29.5
    assert limits.wait("a") == 1
    time.at += 0.5
    assert limits.wait("a") == 0


def test_sources_do_not_count_for_each_other() -> None:
    limits = limiter(Time())
    for _ in range(3):
        limits.failed("a")
    assert limits.wait("b") == 0


def test_failures_spread_over_several_windows_do_not_add_up() -> None:
    time = Time()
    limits = limiter(time)
    for _ in range(10):
        limits.failed("a")
        time.at += 31
        assert limits.wait("a") == 0


def test_only_so_many_sources_are_remembered_and_the_quietest_goes_first() -> None:
    limits = limiter(Time(), keep=2)
    for source in ("a", "a", "a", "b", "b", "b", "a", "c"):
        limits.failed(source)
    assert limits.wait("a") > 0
    assert limits.wait("b") == 0


def test_recent_things_push_out_older_ones() -> None:
    recent: Recent[str] = Recent(keep=2)
    for thing in ("a", "b", "a", "c"):
        recent.remember(thing)
    assert [thing in recent for thing in "abc"] == [True, False, True]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_network(address: str | None, expected: str) -> None:
    assert network_of(address) == expected
