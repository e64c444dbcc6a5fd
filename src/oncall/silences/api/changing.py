"""What every route that writes needs: whom to tell of the change."""

from typing import Annotated

from fastapi import Depends, Request

from oncall.silences.ports import OnMutingChanged


async def _on_changed(request: Request) -> OnMutingChanged:
    on_changed: OnMutingChanged = request.app.state.on_muting_changed
    return on_changed


OnChanged = Annotated[OnMutingChanged, Depends(_on_changed)]
