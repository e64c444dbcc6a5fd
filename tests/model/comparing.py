"""Both sides in the same words, so that a difference can be read; and what is true of the real side whatever the model says."""

from typing import Any

from tests.model.paging import next_at
from tests.model.real import Real
from tests.model.world import Dict, alerts_of

Side = dict[str, Any]


def of_model(world: Dict) -> Side:
    """What the model says there is."""
    return {
        "incidents": {i["name"]: _of_incident(i, next_at(i)) for i in world["incidents"].values()},
        "alerts": {
            i["name"]: sorted(
                (a["key"], a["open"], a["severity"], a["acknowledged"], len(a["triggers"]), a["opened_at"].isoformat()[11:19])
                for a in alerts_of(world, i)
            )
            for i in world["incidents"].values()
        },
        "pages": sorted((f"{at:%d %H:%M:%S}", *page) for at, *page in world["pages"]),
        "decisions": world["decisions"],
    }


def _of_incident(i: Dict, at: Any) -> Side:
    its = {name: i[name] for name in ("service", "status", "severity", "urgency", "state", "cycle", "round", "step", "owner", "group")}
    return its | {"flaps": i["settle_at"] is not None, "news": i["news"], "next": "held" if i["state"] == "held" else f"{at}"}


async def of_product(real: Real) -> Side:
    """What there is in the database."""
    incidents, alerts, pages, events = await real.read()
    service = {monitor.service_id: name for name, monitor in real.monitors.items()}
    shown = {}
    for i in incidents:
        held = i.escalation_state == "held"
        assert not held or (i.escalation_reason and i.held_until >= real.clock.at), (
            "every held one has a reason and an until that is to come"
        )
        assert i.status != "triggered" or i.next_at is not None, "a triggered one has next_at"
        assert i.next_at is None or i.next_at > real.clock.at, "nothing is due after the tick: what is past its due is paged"
        assert i.failures == 0, i.last_error
        shown[real.numbers[i.id]] = {
            "service": service[i.service_id], "status": i.status, "severity": i.severity, "urgency": i.urgency, "state": i.escalation_state,
            "cycle": i.cycle, "round": i.round, "step": i.step, "owner": real.person(i.owner_id), "group": i.group_key is not None,
            "flaps": i.settle_at is not None, "news": i.news, "next": "held" if held else f"{i.next_at}",
        }  # fmt: skip
    of: dict[int, list[Any]] = {name: [] for name in shown}
    for a in alerts:
        opened = a.reopened_at or a.first_seen_at
        of[real.numbers[a.incident_id]].append(
            (a.dedup_key, a.state == "open", a.severity, a.acknowledged, a.event_count, opened.isoformat()[11:19])
        )
    taken = [(a.service_id, a.dedup_key) for a in alerts if a.state == "open"]
    assert len(taken) == len(set(taken)), "at most one open alert per (service, key)"
    assert {real.numbers[e.id] for e in events} == set(real.numbers.values()), "no event is lost"
    assert len(events) == len(real.numbers), "and none is there twice"
    return {
        "incidents": shown,
        "alerts": {name: sorted(its) for name, its in of.items()},
        "pages": sorted((f"{p.created_at:%d %H:%M:%S}", real.numbers[p.incident_id], p.user_name, p.cycle, p.round, p.step) for p in pages),
        "decisions": {real.numbers[e.id]: (e.decision, e.incident_id and real.numbers[e.incident_id]) for e in events},
    }


def differences(expected: Side, found: Side) -> list[str]:
    """Where the two differ, in lines."""
    lines: list[str] = []
    for what in ("decisions", "alerts", "incidents"):
        for name in sorted({*expected[what], *found[what]}):
            model, product = expected[what].get(name), found[what].get(name)
            if model == product:
                continue
            if isinstance(model, dict) and isinstance(product, dict):
                apart = {field for field in model if model[field] != product[field]}
                model, product = ({field: side[field] for field in sorted(apart)} for side in (model, product))
            lines.append(f"{what[:-1]} of event {name}: the specification says {model}, the product {product}")
    lines += [f"a page that should be and is not: {page}" for page in expected["pages"] if page not in found["pages"]]
    lines += [f"a page that is and should not be: {page}" for page in found["pages"] if page not in expected["pages"]]
    if len(found["pages"]) != len(set(found["pages"])):
        lines.append("somebody is paged twice by one step")
    return lines
