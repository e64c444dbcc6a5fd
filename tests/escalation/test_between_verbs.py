"""Where what people do, silences, and steps that only a resolve stops meet: no page too many, none too few, and none forgotten."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.escalation.test_rules import BEN, MINUTE, NOW, SCHEDULE, people, policy, user
from tests.escalation.test_until_resolved import acknowledged, paging
from tests.system import System, to

from oncall.contacts.values import Urgency
from oncall.escalation.rules import go_on
from oncall.escalation.values import About, Condition, Position, Snapshot
from oncall.incidents.store import incidents as store

JSON = dict[str, Any]
Steps = list[JSON]


async def serviced(system: System, *people: JSON, delay: str = "PT15M", repeat: int = 0) -> str:
    """One step for these, in a policy that is gone through once; the key of its integration."""
    steps = [{"delay": delay, "targets": [to(one) for one in people]}]
    made = await system.make("escalation-policies", name="P", steps=steps, repeat=repeat)
    service = await system.make("services", name="payments-api", escalation_policy_id=made["id"])
    return str((await system.make(f"services/{service['id']}/integrations", name="i", type="pagerduty"))["key"])


async def does(system: System, event: JSON, verb: str, **body: Any) -> JSON:
    answer = await system.api.post(f"/api/v1/incidents/{event['incident_id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


async def silenced(system: System, minutes: int) -> JSON:
    ends = (system.clock.at + minutes * MINUTE).isoformat()
    return await system.make("silences", matchers=['service="payments-api"'], ends_at=ends, comment="known")


async def edited(system: System, made: JSON, steps: Callable[[Steps], Sequence[JSON]]) -> None:
    """The policy has these steps from now on."""
    url = f"/api/v1/escalation-policies/{made['service']['escalation_policy_id']}"
    shown = (await system.api.get(url)).json()
    answer = await system.api.put(url, json=shown | {"steps": list(steps(shown["steps"]))}, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text


async def test_a_silence_that_ends_early_holds_back_no_step_that_goes_on(system: System) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    silence = await silenced(system, 600)
    await system.advance(minutes=20)
    assert (await system.api.delete(f"/api/v1/silences/{silence['id']}")).status_code in {200, 204}
    system.pages()
    await system.advance(minutes=2)
    assert system.pages() == ["Boss"]


def test_a_step_that_reaches_nobody_is_skipped_at_once_also_after_an_acknowledgement() -> None:
    its = policy([SCHEDULE], [user(BEN)], repeat=0)
    its = replace(its, steps=tuple(replace(step, condition=Condition.UNRESOLVED) for step in its.steps))
    then = go_on(Snapshot(its), Position(), urgency=Urgency.HIGH, about=About("critical"), people=people(on_call=()), now=NOW)
    assert [(page.user_id, page.position.step) for page in then.pages] == [(BEN, 1)]
    assert [note.kind for note in then.notes] == ["step_skipped", "step_fired"]


@pytest.mark.parametrize(
    ("what", "steps", "paged"),
    [
        ("it has fewer: nothing goes on", lambda its: its[:2], []),
        ("none goes on any more", lambda its: [one | {"condition": "unacknowledged"} for one in its], []),
    ],
)
async def test_the_policy_is_taken_anew_of_what_somebody_has(
    system: System, what: str, steps: Callable[[Steps], Sequence[JSON]], paged: list[str]
) -> None:
    made = await paging(system)
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    await edited(system, made, steps)
    await does(system, event, "resnapshot")
    assert (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/explain")).status_code == 200
    system.pages()
    await system.advance(minutes=20)
    assert system.pages() == paged, what
    await system.advance(minutes=11)
    assert "Ana" in system.pages(), "the acknowledgement times out as ever"


async def test_a_policy_that_is_taken_anew_may_have_steps_that_go_on(system: System) -> None:
    made = await paging(system)
    await edited(system, made, lambda its: [one | {"condition": "unacknowledged"} for one in its])
    event = await system.event(made["key"])
    await acknowledged(system, event["incident_id"], made["ana"])
    await edited(system, made, lambda its: [*its[:2], its[2] | {"condition": "unresolved"}])
    await does(system, event, "resnapshot")
    system.pages()
    await system.advance(minutes=20)
    assert system.pages() == ["Boss"]


async def test_who_acknowledges_as_it_is_given_another_policy_loses_no_step_of_that(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, eve = await paging(system), await system.user("Eve")
    plain = await system.make("escalation-policies", name="P2", steps=[{"delay": "PT5M", "targets": [to(eve)]}])
    service = made["service"] | {"escalation_policy_id": plain["id"]}
    await system.api.put(f"/api/v1/services/{service['id']}", json=service, headers={"If-Match": "*"})
    event = await system.event(made["key"])
    real = store.acknowledge

    async def late(*args: Any, **more: Any) -> bool:
        await does(system, event, "reassign", escalation_policy_id=made["service"]["escalation_policy_id"])
        return await real(*args, **more)

    monkeypatch.setattr(store, "acknowledge", late)
    await acknowledged(system, event["incident_id"], eve)
    await system.advance(minutes=16)
    assert "Boss" in system.pages()


async def test_the_end_of_a_silence_revives_nothing_that_was_ended_for_good(system: System) -> None:
    """By an acknowledgement or by giving it to somebody else, before the silence or under it."""
    ana, ben = await system.user("Ana", rules=(("high", "PT0S"), ("high", "PT4M"))), await system.user("Ben")
    key = await serviced(system, ana)
    for before in (True, False):
        event = await system.event(key, f"before {before}")
        await system.advance(minutes=1)
        if before:
            await acknowledged(system, event["incident_id"], ben)
        await silenced(system, 10)
        await system.advance(minutes=1)
        await does(system, event, "reassign", user_id=ben["id"])
        system.pages()
        await system.advance(minutes=10)
        assert system.pages() == ["Ben"]
        await does(system, event, "resolve")


async def test_escalating_past_the_last_step_pages_at_once(system: System) -> None:
    key = await serviced(system, await system.user("Ana"))
    event = await system.event(key)
    await system.advance(minutes=1)
    system.pages()
    await does(system, event, "escalate")
    await system.run_due()
    assert system.pages() == ["Ana"], "by itself it would wait for its retry"


@pytest.mark.parametrize("verb", ["escalate", "reassign", "unacknowledge"])
async def test_nobody_is_told_of_an_acknowledgement_that_is_no_more(system: System, verb: str) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    event = await system.event(await serviced(system, ana, ben, delay="PT5M"))
    system.updates()
    await acknowledged(system, event["incident_id"], ana)
    await does(system, event, verb, **({"user_id": ben["id"]} if verb == "reassign" else {}))
    await system.advance(minutes=1)
    assert system.updates() == []


async def test_what_was_resolved_by_hand_and_comes_back_is_for_the_on_call_not_for_whom_it_was_given_to(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    key = await serviced(system, ana)
    event = await system.event(key)
    await does(system, event, "reassign", user_id=ben["id"])
    await system.run_due()
    await does(system, event, "resolve")
    system.pages()
    await system.event(key)
    assert system.pages() == ["Ana"]
