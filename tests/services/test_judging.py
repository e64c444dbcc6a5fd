"""How a service judges its events: every setting is kept as it is said, read by incidents, and refused where it makes no sense."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from tests.system import System, to

from oncall.kit.ids import ServiceId
from oncall.services.commands import get_services
from oncall.services.values import Service
from oncall.services.values.judging import Delay, Flapping, Grouping, GroupingType, Threshold

MINUTE = timedelta(minutes=1)
WHOLE = {
    "grouping": {"type": "labels", "labels": ["cluster", "alertname"]},
    "group_max_age": "PT6H",
    "flapping": {"changes": 4, "within": "PT20M", "settle": "PT10M"},
    "threshold": {"count": 3, "within": "PT5M", "critical": True},
    "delay": {"for": "PT2M", "critical": True},
}


@pytest.fixture
async def policy(system: System) -> str:
    made = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(await system.user("Ana"))]}])
    id: str = made["id"]
    return id


async def loaded(system: System, made: dict[str, Any]) -> Service:
    id = ServiceId(UUID(made["id"]))
    async with system.node.database.transaction() as tx:
        return (await get_services(tx, [id]))[id]


@pytest.mark.parametrize(
    ("what", "said", "shown", "value"),
    [
        ("by labels, in their order", {"grouping": WHOLE["grouping"]}, {}, Grouping(GroupingType.LABELS, ("cluster", "alertname"))),
        ("by a window", {"grouping": {"type": "window", "window": "PT5M"}}, {}, Grouping(GroupingType.WINDOW, window=5 * MINUTE)),
        ("by a window of 90.5 seconds", {"grouping": {"type": "window", "window": 90.5}},
         {"grouping": {"type": "window", "window": "PT1M30.5S"}}, Grouping(GroupingType.WINDOW, window=timedelta(seconds=90.5))),
        ("all together", {"grouping": {"type": "all"}}, {}, Grouping(GroupingType.ALL)),
        ("each alert by itself", {"grouping": None}, {}, None),
        ("the youngest group", {"group_max_age": "PT1M"}, {}, MINUTE),
        ("the oldest group", {"group_max_age": "P7D"}, {}, timedelta(days=7)),
        ("flapping", {"flapping": WHOLE["flapping"]}, {}, Flapping(4, 20 * MINUTE, 10 * MINUTE)),
        ("flapping as usual", {"flapping": {}}, {"flapping": {"changes": 6, "within": "PT30M", "settle": "PT15M"}},
         Flapping(6, 30 * MINUTE, 15 * MINUTE)),
        ("a threshold", {"threshold": WHOLE["threshold"]}, {}, Threshold(3, 5 * MINUTE, critical=True)),
        ("a threshold that what is critical skips", {"threshold": {"count": 1000, "within": 60}},
         {"threshold": {"count": 1000, "within": "PT1M", "critical": False}}, Threshold(1000, MINUTE)),
        ("a delay", {"delay": WHOLE["delay"]}, {}, Delay(2 * MINUTE, critical=True)),
        ("a delay that what is critical skips", {"delay": {"for": "PT90S"}}, {"delay": {"for": "PT1M30S", "critical": False}},
         Delay(timedelta(seconds=90))),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
async def test_a_setting_is_kept_and_read(
    system: System, policy: str, what: str, said: dict[str, Any], shown: dict[str, Any], value: object
) -> None:
    made = await system.make("services", name="web", escalation_policy_id=policy, **said)
    (name,) = said
    assert made[name] == (shown or said)[name]
    assert getattr(await loaded(system, made), name) == value


async def test_what_is_read_can_be_sent_again_and_an_edit_replaces_all_of_it(api: AsyncClient, system: System, policy: str) -> None:
    made = await system.make("services", name="web", escalation_policy_id=policy, **WHOLE)
    address = f"/api/v1/services/{made['id']}"
    form = {name: value for name, value in made.items() if name != "id"}
    again = await system.make("services", **form)
    assert {name: value for name, value in again.items() if name != "id"} == form
    assert (await api.put(address, json=form, headers={"If-Match": "*"})).json() == made
    bare = await api.put(address, json={"name": "web", "escalation_policy_id": policy}, headers={"If-Match": "*"})
    off = {"grouping": None, "group_max_age": "P1D", "flapping": None, "threshold": None, "delay": None}
    assert bare.json() == made | off
    assert (await api.get(address)).json() == made | off


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"grouping": "all"}, "grouping"),
        ({"grouping": {}}, "needs a type"),
        ({"grouping": {"type": "service"}}, "grouping: 'type' must be one of 'labels', 'window', 'all'"),
        ({"grouping": {"type": "labels"}}, "grouping.labels: is needed"),
        ({"grouping": {"type": "labels", "labels": []}}, "at least 1"),
        ({"grouping": {"type": "labels", "labels": "cluster"}}, "grouping.labels"),
        ({"grouping": {"type": "labels", "labels": [""]}}, "grouping.labels[0]"),
        ({"grouping": {"type": "labels", "labels": [7]}}, "grouping.labels[0]"),
        ({"grouping": {"type": "labels", "labels": ["a\nb"]}}, "one line without control characters"),
        ({"grouping": {"type": "labels", "labels": ["a", " a"]}}, "must name each label once"),
        ({"grouping": {"type": "labels", "labels": [f"l{n}" for n in range(21)]}}, "at most 20"),
        ({"grouping": {"type": "labels", "labels": ["a"], "window": "PT5M"}}, "no such field"),
        ({"grouping": {"type": "window"}}, "is needed"),
        ({"grouping": {"type": "window", "window": "PT59S"}}, "must be between PT1M and P7D"),
        ({"grouping": {"type": "window", "window": "P8D"}}, "must be between PT1M and P7D"),
        ({"grouping": {"type": "window", "window": None}}, "duration"),
        ({"grouping": {"type": "all", "labels": ["a"]}}, "no such field"),
        ({"group_max_age": None}, "duration"),
        ({"group_max_age": "PT0S"}, "must be between PT1M and P7D"),
        ({"group_max_age": "P7DT1S"}, "must be between PT1M and P7D"),
        ({"flapping": True}, "flapping"),
        ({"flapping": {"changes": 1}}, "greater than or equal to 2"),
        ({"flapping": {"changes": 1001}}, "less than or equal to 1000"),
        ({"flapping": {"changes": "6"}}, "integer"),
        ({"flapping": {"within": "PT1S"}}, "must be between PT1M and P7D"),
        ({"flapping": {"settle": "P8D"}}, "must be between PT1M and P7D"),
        ({"flapping": {"settle": None}}, "duration"),
        ({"threshold": {}}, "is needed"),
        ({"threshold": {"count": 1, "within": "PT5M"}}, "greater than or equal to 2"),
        ({"threshold": {"count": 2.5, "within": "PT5M"}}, "integer"),
        ({"threshold": {"count": True, "within": "PT5M"}}, "integer"),
        ({"threshold": {"count": 10**30, "within": "PT5M"}}, "less than or equal to 1000"),
        ({"threshold": {"count": 2, "within": "-PT5M"}}, "must be between"),
        ({"threshold": {"count": 2, "within": "PT5M", "critical": "yes"}}, "boolean"),
        ({"delay": {}}, "delay.for: is needed"),
        ({"delay": "PT2M"}, "delay"),
        ({"delay": {"wait": "PT2M"}}, "no such field"),
        ({"delay": {"for": "PT30S"}}, "must be between PT1M and P7D"),
        ({"delay": {"for": 1e300}}, "delay.for"),
        ({"delay": {"for": "PT2M", "critical": None}}, "boolean"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(api: AsyncClient, policy: str, wrong: dict[str, Any], sentence: str) -> None:
    answer = await api.post("/api/v1/services", json={"name": "web", "escalation_policy_id": policy, **wrong})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert sentence in answer.json()["detail"]
    assert (await api.get("/api/v1/services")).json()["items"] == []
