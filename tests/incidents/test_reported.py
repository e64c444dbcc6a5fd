"""Whoever is paged for what a person reported reads what that person said: in the page, and behind its link."""

from tests.incidents.acting import responder
from tests.incidents.test_filing import REPORTER
from tests.incidents.test_logging import on_duty
from tests.system import System, to

from oncall.channels.brief import brief, plain
from oncall.channels.render import written
from oncall.channels.values import PageMessage

SLOW = "Since noon\nthe <b>basket</b> stays empty."


def pages(system: System) -> list[PageMessage]:
    """Since the last call."""
    found = [one for one in system.email.sent if isinstance(one, PageMessage)]
    system.email.sent.clear()
    return found


async def test_the_page_and_what_is_behind_its_link_say_who_reported_it_and_what(system: System) -> None:
    service = await on_duty(system)
    logged = await system.make("incidents", title="The shop", service_id=service["id"], reporter=REPORTER, description=SLOW)
    await system.run_due()
    [page] = pages(system)
    mail, lines = written(page), plain(brief(page))
    assert "reported by: Kim (customer)" in mail.text
    assert "description: Since noon the <b>basket</b> stays empty." in mail.text
    assert "description: Since noon the &lt;b&gt;basket&lt;/b&gt; stays empty.<br>" in mail.html
    assert {"reported by: Kim (customer)", "description: Since noon the <b>basket</b> stays empty."} <= set(lines)
    assert page.acknowledge_url is not None
    behind = (await system.client().get(page.acknowledge_url)).text
    assert "Since noon\nthe &lt;b&gt;basket&lt;/b&gt; stays empty.</p>" in behind
    assert "Kim (customer)" in behind
    assert not any(REPORTER["contact"] in text for text in (mail.text, mail.html, behind, *lines)), "how they are reached is in the record"
    await system.client().post(page.acknowledge_url)
    assert "stays empty" in (await system.client().get(page.acknowledge_url)).text, "whoever has it reads it again"
    eve = await system.user("Eve")
    await (await responder(system, "Ana")).asks(logged["id"], "responders", user_ids=[eve["id"]], message="help")
    await system.run_due()
    assert [(one.recipient, dict(one.facts)["reported by"]) for one in pages(system)] == [("Eve", "Kim (customer)")]


async def test_the_page_of_what_was_reopened_says_why_it_is_not_over(system: System) -> None:
    service = await on_duty(system)
    logged = await system.make("incidents", title="The shop", service_id=service["id"], reporter=REPORTER, description=SLOW)
    await system.run_due()
    ana = await responder(system, "Ana")
    await ana.does(logged["id"], "acknowledge")
    await ana.does(logged["id"], "resolve")
    assert [one.facts[0][0] for one in pages(system)] == ["reported by"]
    await ana.does(logged["id"], "verify", verdict="not_satisfied", text="still broken")
    await system.run_due()
    [again] = pages(system)
    assert dict(again.facts)["reporter not satisfied"] == "Ana, 2026-03-02 12:00 UTC: still broken"
    assert again.acknowledge_url is not None
    assert "still broken" in (await system.client().get(again.acknowledge_url)).text


async def test_what_only_a_monitor_said_is_told_as_ever(system: System) -> None:
    service = await system.service([to(await system.user("Ana"))], process="itil")
    await system.event(service["key"])
    [page] = pages(system)
    assert not {"reported by", "description", "reporter not satisfied"} & dict(page.facts).keys()
    assert page.acknowledge_url is not None
    assert "Reported by" not in (await system.client().get(page.acknowledge_url)).text
