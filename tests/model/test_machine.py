"""Anything that monitors, people and time may do, done to the product and to the model of `semantics.md`: the same incidents, the same
pages, and for every event exactly one decision.
"""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from tests import databases
from tests.examples import stories
from tests.model import judging, paging
from tests.model.comparing import differences, of_model, of_product
from tests.model.real import Real
from tests.model.world import MINUTE, PEOPLE, SERVICES, Dict, is_open, new_world, wake

KEYS, SITES = ("k1", "k2", "k3", "k4"), ("ams", "ber")
SEVERITIES = ("critical", "error", "warning", "info", "unknown")

events = st.fixed_dictionaries({
    "service": st.integers(0, 1),
    "key": st.sampled_from(KEYS),
    "action": st.sampled_from(["trigger"] * 5 + ["resolve"] * 2 + ["acknowledge"]),
    "severity": st.sampled_from(SEVERITIES),
    "labels": st.fixed_dictionaries({"site": st.sampled_from(SITES), "role": st.sampled_from(["switch", "host"])}),
})  # fmt: skip
MATCHERS: list[list[tuple[str, str, str]]] = [
    [("dedup_key", "=", "k1")],
    [("site", "=", "ams")],
    [("role", "=~", "switch|host")],
    [("severity", "=~", "warning|info")],
    [("severity", "!=", "critical"), ("site", "!~", "b.*")],
    [("service", "!=", "plain"), ("dedup_key", "=~", "k[23]")],
]
INHIBITIONS: list[Dict] = [
    {"source": [("role", "=", "switch")], "target": [("role", "=", "host")], "equal": ["site"]},
    {"source": [("severity", "=", "critical")], "target": [("severity", "=~", "warning|info|error")], "equal": ["dedup_key"]},
    {"source": [("dedup_key", "=", "k1")], "target": [("dedup_key", "=~", "k.*")], "equal": ["service"]},
]
which = st.integers(0, 5)


def texts(matchers: list[tuple[str, str, str]]) -> list[str]:
    return [f'{name}{operator}"{value}"' for name, operator, value in matchers]


class Machine(RuleBasedStateMachine):
    """Each step is done to both; then time stands still until both have done what is due."""

    runner: ClassVar[asyncio.Runner]
    real: ClassVar[Real]

    def __init__(self) -> None:
        super().__init__()
        self.runner.run(self.real.begin())
        self.world = new_world(self.real.clock.at)
        self.count = 0
        self.services = sorted(SERVICES)
        self.story: list[str] = []

    @initialize(
        one=st.sampled_from(["by-site", "by-time"]), other=st.sampled_from(sorted(SERVICES)), how=st.sampled_from(["one", "other", "both"])
    )
    def concerns(self, one: str, other: str, how: str) -> None:
        """One or two services, so that things meet."""
        self.services = [one] if how == "one" or one == other else [other] if how == "other" else [one, other]

    def _tell(self, line: str) -> None:
        self.story.append(f"{self.world['now']:%H:%M:%S} {line}")

    # --- monitors -----------------------------------------------------------------------------------------------------------

    @rule(event=events)
    def says(self, event: Dict) -> None:
        self._accept([event])

    @rule(event=events, actions=st.lists(st.sampled_from(["trigger", "resolve"]), min_size=1, max_size=4))
    def says_of_one_key(self, event: Dict, actions: list[str]) -> None:
        self._accept([event | {"action": action} for action in ["trigger", *actions]])

    @rule(batch=st.lists(events, min_size=2, max_size=5))
    def says_in_one_body(self, batch: list[Dict]) -> None:
        self._accept(batch)

    @precondition(lambda self: any(alert["open"] for alert in self.world["alerts"]))
    @rule(n=which, action=st.sampled_from(["trigger", "trigger", "resolve", "acknowledge"]), severity=st.sampled_from(SEVERITIES))
    def says_more_of_what_is_open(self, n: int, action: str, severity: str) -> None:
        self._accept([self._like(n) | {"action": action, "severity": severity}])

    @precondition(lambda self: any(alert["open"] for alert in self.world["alerts"]))
    @rule(
        n=which,
        keys=st.lists(st.sampled_from(KEYS), min_size=1, max_size=4),
        severity=st.sampled_from(SEVERITIES),
        person=st.none() | st.sampled_from(PEOPLE),
        minutes=st.sampled_from([0, 2, 4, 11]),
    )
    def more_goes_wrong(self, n: int, keys: list[str], severity: str, person: str | None, minutes: int) -> None:
        """Of other keys what is open, one after the other, perhaps after somebody took it: of a service that groups them they are news."""
        if person:
            self.acknowledges(n, person)
        for key in keys:
            self._accept([self._like(n) | {"key": key, "action": "trigger", "severity": severity}])
            self._pass(minutes)

    def _like(self, n: int) -> Dict:
        alerts = [alert for alert in self.world["alerts"] if alert["open"]]
        alert = alerts[-1 - n % len(alerts)]
        return {"service": self.services.index(alert["service"]), "key": alert["key"], "labels": alert["labels"]}

    def _accept(self, batch: list[Dict]) -> None:
        at = [self.services[event["service"] % len(self.services)] for event in batch]
        numbered = [event | {"n": self.count + n, "service": at[n - 1]} for n, event in enumerate(batch, start=1)]
        self.count += len(batch)
        self._tell("; ".join("{n}: {service}/{key} {action} {severity} {labels}".format_map(event) for event in numbered))
        judging.accept(self.world, numbered)
        self.runner.run(self.real.accept(numbered))

    # --- people -------------------------------------------------------------------------------------------------------------

    def _open(self) -> list[Dict]:
        return [incident for incident in self.world["incidents"].values() if is_open(incident)]

    @precondition(lambda self: self._open())
    @rule(n=which, person=st.sampled_from(PEOPLE))
    def acknowledges(self, n: int, person: str) -> None:
        incident = self._open()[-1 - n % len(self._open())]
        self._tell(f"{person} acknowledges {incident['name']}")
        paging.acknowledge(self.world, incident, person)
        self.runner.run(self.real.verb(incident["name"], "acknowledge", person))

    @precondition(lambda self: self._open())
    @rule(n=which, person=st.sampled_from(PEOPLE))
    def resolves(self, n: int, person: str) -> None:
        incident = self._open()[-1 - n % len(self._open())]
        self._tell(f"{person} resolves {incident['name']}")
        paging.resolve_by_hand(self.world, incident)
        self.runner.run(self.real.verb(incident["name"], "resolve", person))

    # --- what mutes ---------------------------------------------------------------------------------------------------------

    @rule(
        window=st.booleans(),
        matchers=st.sampled_from(MATCHERS),
        n=which,
        minutes=st.sampled_from([4, 11, 40]),
        late=st.sampled_from([0, 0, 7]),
    )
    def mutes(self, window: bool, matchers: list[tuple[str, str, str]], n: int, minutes: int, late: int) -> None:
        """A silence or a window, of one of the services or of all; a window may be planned late, when it should run already."""
        service = [*self.services, None][n % (len(self.services) + 1)]
        start, end = self.world["now"], self.world["now"] + minutes * MINUTE + timedelta(seconds=1 + window)  # nothing else ends then
        body: Dict = {"matchers": texts(matchers), "ends_at": end.isoformat(), "matches_everything": True}
        id = f"{self.real.monitors[service].service_id}" if service else None
        if window:
            start -= late * MINUTE
            body |= {"name": "upgrade", "starts_at": start.isoformat(), "service_ids": [id] if id else []}
        else:
            body |= {"comment": "known", "service_id": id}
        made = self.runner.run(self.real.make("maintenance-windows" if window else "silences", body))
        self.world["windows" if window else "silences"][made] = {
            "matchers": matchers, "service": service, "start": start, "end": end, "made": self.world["now"],
        }  # fmt: skip
        self._tell(f"a {'window' if window else 'silence'} for {texts(matchers)} in {service or 'every service'} until {end:%H:%M:%S}")
        wake(self.world, "triggered")

    @rule(inhibition=st.sampled_from(INHIBITIONS))
    def inhibits(self, inhibition: Dict) -> None:
        body = {"name": "switch", "source_matchers": texts(inhibition["source"]), "target_matchers": texts(inhibition["target"])}
        id = self.runner.run(self.real.make("inhibitions", body | {"equal": inhibition["equal"]}))
        self._tell(f"an inhibition {inhibition}")
        self.world["inhibitions"][id] = inhibition
        wake(self.world, "triggered")

    def _running(self, kind: str) -> list[str]:
        return [id for id, one in self.world[kind].items() if kind == "inhibitions" or self.world["now"] < one["end"]]

    @precondition(lambda self: any(self._running(kind) for kind in ("silences", "windows", "inhibitions")))
    @rule(n=which, gone=st.booleans())
    def ends_what_mutes(self, n: int, gone: bool) -> None:
        kind, id = [(kind, id) for kind in ("silences", "windows", "inhibitions") for id in self._running(kind)][-1 - n % self._muting()]
        path = {"windows": "maintenance-windows"}.get(kind, kind)
        end = "" if gone or kind == "inhibitions" else "/expire" if kind == "silences" else "/end"
        self.runner.run(self.real.end(f"{path}/{id}{end}"))
        self._tell(f"ended: {self.world[kind][id]}")
        del self.world[kind][id]
        wake(self.world, "triggered")

    def _muting(self) -> int:
        return sum(len(self._running(kind)) for kind in ("silences", "windows", "inhibitions"))

    # --- time ---------------------------------------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 2, 3]))
    def a_moment_passes(self, minutes: int) -> None:
        self._pass(minutes)

    @rule(minutes=st.sampled_from([5, 7, 11, 16, 31, 70]))
    def time_passes(self, minutes: int) -> None:
        self._pass(minutes)

    def _pass(self, minutes: int) -> None:
        """Both stop wherever something is due in either."""
        until = self.world["now"] + minutes * MINUTE
        while True:
            due = self._rest()
            at = min([until, *[one for one in due if one is not None]])
            if at >= until:
                break
            assert at > self.world["now"], "what is due now is done"
            self._move(at)
        self._move(until)

    def _move(self, at: Any) -> None:
        self.world["now"] = self.real.clock.at = at

    def _rest(self) -> list[Any]:
        """Do what is due in both; when something is due next in each."""
        paging.tick(self.world)
        return [self.runner.run(self.real.run_due()), *[paging.next_at(incident) for incident in self.world["incidents"].values()]]

    @invariant()
    def both_say_the_same(self) -> None:
        self._rest()
        expected = of_model(self.world)
        for incident in expected["incidents"].values():
            incident["group"] = incident["group"] is not None
        apart = differences(expected, self.runner.run(of_product(self.real)))
        assert not apart, "\n".join(["", *self.story, f"{self.world['now']:%H:%M:%S}:", *apart])

    def teardown(self) -> None:
        """Whatever happened, an audit finds nothing of it, and the path of each incident can be told."""
        assert self.runner.run(self.real.faults()) == []


@pytest.fixture(scope="module")
def machine(server_dsn: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Machine]]:
    """On a database of its own, emptied before each example."""
    name = f"oncall_model_{os.getpid()}"
    with databases.fresh_database(server_dsn, template, name, is_durable=False) as url, asyncio.Runner() as runner:
        Machine.runner, Machine.real = runner, Real(url, tmp_path_factory.mktemp("model"))
        runner.run(Machine.real.start())
        yield Machine
        runner.run(Machine.real.system.stop())


def test_product_and_model_say_the_same_whatever_happens(machine: type[Machine]) -> None:
    """A few of the examples of a profile: each is a whole story."""
    run_state_machine_as_test(machine, settings=settings(max_examples=stories(one_in=5)))
