"""The API reference that a node serves: its page, and everything that the page loads."""

import re

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
