"""The API reference that a node serves: its page, and everything that the page loads."""

import asyncio
import re
import threading

import pytest
from tests.system import System

from oncall.app.routes import openapi_document


async def test_the_reference_loads_all_of_what_it_names(system: System) -> None:
    client = system.client()
    page = await client.get("/docs")
    assert page.status_code == 200
    named = re.findall(r"""(?:url: |src=|href=)['"](/[^'"]+)['"]""", page.text)
    assert sorted(named) == ["/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json"]
    assert {path: (await client.get(path)).status_code for path in named} == dict.fromkeys(named, 200)
    assert (await client.get("/openapi.json")).json() == openapi_document()


async def test_what_takes_long_to_make_holds_up_nobody_else(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, made = threading.Event(), threading.Event()

    def make() -> dict[str, str]:
        begun.set()
        return {"made": f"{made.wait(timeout=20)}"}

    client = system.client()
    monkeypatch.setattr(system.node.app, "openapi", make)
    asked = asyncio.create_task(client.get("/openapi.json"))
    assert await asyncio.to_thread(begun.wait, 20)
    assert (await client.get("/livez")).status_code == 200
    assert not asked.done()
    made.set()
    assert (await asked).json() == {"made": "True"}
