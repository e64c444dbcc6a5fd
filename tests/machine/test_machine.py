"""Anything that monitors, people, time and bad luck may do, on two nodes and a real PostgreSQL: the invariants of `reliability.md` hold."""

import asyncio
import os
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests import databases
from tests.examples import stories
from tests.machine.deeds import ASKS, TICKS
from tests.machine.setting import PEOPLE, POLICIES, SERVICES
from tests.machine.story import Stage, Story
from tests.machine.wire import MODES

from oncall.kit.db import Database

STEPS = 25

services, people, policies = st.sampled_from(SERVICES), st.sampled_from(PEOPLE), st.sampled_from(POLICIES)
keys, nodes, which = st.sampled_from(["k0", "k1", "k2"]), st.integers(0, 1), st.integers(0, 3)
verbs = st.sampled_from(["acknowledge", "acknowledge", "resolve"])
ACTIONS = ["trigger"] * 5 + ["resolve", "acknowledge"]
SEVERITIES = ["critical", "critical", "error", "warning", "info", "unknown"]
MEANWHILE = ["acknowledges", "resolves", "snoozes", "says", "deletes", "loses", "ticks", "overtakes"]


def _one_of(**deeds: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """One of these deeds, with its arguments; those that end in _ are the same once more."""
    return st.one_of(*[st.tuples(st.just(name.rstrip("_")), st.fixed_dictionaries(args)) for name, args in deeds.items()])


SAYING = {"service": services, "key": keys, "action": st.sampled_from(ACTIONS), "severity": st.sampled_from(SEVERITIES), "node": nodes}
ACTING = _one_of(
    unacknowledges={"n": which, "who": people, "node": nodes},
    resolves={"n": which, "who": people, "node": nodes},
    reopens={"n": which, "who": people, "node": nodes},
    takes_policy_anew={"n": which, "who": people, "node": nodes},
    snoozes={"n": which, "who": people, "minutes": st.sampled_from([1, 10, 45]), "node": nodes},
    escalates={"n": which, "who": people, "level": st.sampled_from([None, None, 1, 2]), "node": nodes},
    reassigns={"n": which, "to": people | policies, "node": nodes},
    merges={"n": which, "into": which, "node": nodes},
    pages={"whom": people | st.just("core"), "service": services, "urgency": st.sampled_from(["high", "high", "low"]), "node": nodes},
    asks={"n": which, "people": st.lists(people, min_size=1, max_size=2, unique=True), "node": nodes},
    answers_request={"n": which, "how": st.sampled_from(["accept", "decline", "withdraw"]), "node": nodes},
    does_to_many={"verb": st.sampled_from(["acknowledge", "resolve", "snooze"]), "who": people, "node": nodes},
)
PRESSING = {"n": st.integers(0, 5), "verb": verbs, "forged": st.sampled_from([False, False, False, True]), "node": nodes}
SETTINGS = _one_of(
    covers={"who": people, "hours": st.sampled_from([1, 3]), "node": nodes},
    rotates={"people": st.lists(people, max_size=2, unique=True), "node": nodes},
    edits={"policy": policies, "shape": st.sampled_from(["short", "long", "nobody", "channel", "as it was"]), "node": nodes},
    deletes={"what": people | policies | st.sampled_from(["primary", "empty"]), "node": nodes},
    loses={"who": people, "channel": st.sampled_from(["email", "webhook"]), "node": nodes},
    mutes={"service": services, "minutes": st.sampled_from([2, 20]), "node": nodes},
    unmutes={"node": nodes},
    rests={"who": people, "ends": st.sampled_from([None, "12:20:00", "14:00:00"]), "node": nodes},
)
DYING = _one_of(
    restarts={},
    dies={"node": nodes, "at": st.sampled_from(TICKS), "n": which},
    dies_={"node": nodes, "at": st.sampled_from([*TICKS, *ASKS]), "n": which},
)
STANDING = {
    "node": nodes,
    "at": st.sampled_from(["send.post_claim", "send.post_claim", *TICKS]),
    "meanwhile": st.sampled_from(MEANWHILE),
    "n": which,
}


class Machine(RuleBasedStateMachine):
    """Each rule is a deed of the story, or a few of them."""

    runner: ClassVar[asyncio.Runner]
    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(self.stage)
        self.runner.run(self.story.begin())
        self.is_whole = True

    def _do(self, name: str, **args: Any) -> None:
        try:
            self.runner.run(self.story.do(name, **args))
        except BaseException:
            self.is_whole = False
            raise

    def teardown(self) -> None:
        if self.is_whole:
            self.runner.run(self.story.end())

    @initialize(service=services, key=keys, node=nodes)
    def something_is_wrong(self, service: str, key: str, node: int) -> None:
        self._do("says", service=service, key=key, node=node)

    # --- monitors and people ------------------------------------------------------------------------------------------------

    @rule(args=st.fixed_dictionaries(SAYING))
    def says(self, args: dict[str, Any]) -> None:
        self._do("says", **args)

    @rule(service=services, key=keys, node=nodes)
    def says_and_is_heard(self, service: str, key: str, node: int) -> None:
        """What most stories are about."""
        self._do("says", service=service, key=key, node=node)
        self._do("ticks", node=node)

    @rule(service=services, count=st.sampled_from([4, 4, 4, 12]), severity=st.sampled_from(SEVERITIES), node=nodes)
    def floods(self, **args: Any) -> None:
        self._do("floods", **args)

    @rule(n=which, who=people, node=nodes)
    def acknowledges(self, **args: Any) -> None:
        self._do("acknowledges", **args)

    @rule(n=which, one=people, other=people)
    def both_acknowledge(self, **args: Any) -> None:
        self._do("both_acknowledge", **args)

    @rule(deed=ACTING)
    def acts(self, deed: tuple[str, dict[str, Any]]) -> None:
        self._do(deed[0], **deed[1])

    @precondition(lambda self: self.stage.fleet.providers.journal)
    @rule(args=st.fixed_dictionaries(PRESSING))
    def presses(self, args: dict[str, Any]) -> None:
        self._do("presses", **args)

    @rule(deed=SETTINGS)
    def changes(self, deed: tuple[str, dict[str, Any]]) -> None:
        self._do(deed[0], **deed[1])

    # --- time ---------------------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 7, 31, 61, 301, 1801, 7200]))
    def passes(self, **args: Any) -> None:
        self._do("passes", **args)

    @rule(seconds=st.sampled_from([0, 1, 7, 31, 301, 3600]), node=nodes)
    def is_late(self, seconds: int, node: int) -> None:
        self._do("passes", seconds=seconds)
        self._do("ticks", node=node)

    @rule(seconds=st.sampled_from([10, 61, 301, 301, 901, 2100]), node=nodes)
    def lives(self, **args: Any) -> None:
        self._do("lives", **args)

    # --- bad luck -----------------------------------------------------------------------------------------------------------

    @rule(channel=st.sampled_from(["email", "webhook"]), mode=st.sampled_from(MODES))
    def provides(self, **args: Any) -> None:
        self._do("provides", **args)

    @precondition(lambda self: self.stage.fleet.providers.journal)
    @rule(n=st.integers(0, 5), state=st.sampled_from(["sent", "delivered", "read", "failed"]), by=st.sampled_from(["ours", "theirs"]))
    def receives(self, **args: Any) -> None:
        self._do("receives", **args)

    @precondition(lambda self: self.stage.fleet.is_waiting())
    @rule()
    def answers(self) -> None:
        self._do("answers")

    @rule(deed=DYING)
    def dies(self, deed: tuple[str, dict[str, Any]]) -> None:
        self._do(deed[0], **deed[1])

    @rule(args=st.fixed_dictionaries(STANDING))
    def stands_still(self, args: dict[str, Any]) -> None:
        self._do("stands_still", **args)


@pytest.fixture(scope="module")
def machine(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Machine]]:
    """On a database of its own, put back as it was before each example."""
    name = f"oncall_machine_{os.getpid()}"
    with databases.fresh_database(server_dsn, template, name, is_durable=False) as url, asyncio.Runner() as runner:
        Machine.runner, Machine.stage = runner, Stage(Database(url), tmp_path_factory.mktemp("machine"))
        runner.run(Machine.stage.set_up())
        yield Machine
        runner.run(Machine.stage.take_down())
        runner.run(Machine.stage.fleet.database.close())


def test_the_invariants_hold_whatever_happens(machine: type[Machine]) -> None:
    """Each example is a whole story; `make soak` tells others each time."""
    run_state_machine_as_test(machine, settings=settings(max_examples=stories(one_in=10), stateful_step_count=STEPS))
