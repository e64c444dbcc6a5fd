"""`oncall reseal`: everything that is sealed, sealed anew with the first secret key, so that the old one can be taken away."""

import asyncio

from oncall.cli import console, stop
from oncall.cli.database import UNUSABLE, database, unusable
from oncall.contacts.commands.sealing import reseal as reseal_addresses
from oncall.kit.compiled import CONFIGURATION, changed
from oncall.kit.db import Database
from oncall.kit.keyring import load_ring
from oncall.kit.sealing import Sealing
from oncall.kit.settings import PREFIX, Settings
from oncall.notifications.commands.resealing import reseal as reseal_messages
from oncall.services.commands import reseal
from oncall.services.values import Resealed
from oncall.webhooks.commands.editing import reseal as reseal_webhooks


def run(settings: Settings) -> None:
    """Ends with code 1 if something could not be opened, since the old key is still needed then."""
    with database(settings, create=False) as url:
        try:
            sealing = Sealing(load_ring([key.get_secret_value() for key in settings.secret_keys], settings.data_dir))
        except OSError as error:
            stop(f"{PREFIX}DATA_DIR cannot be used: {error}", code=1)
        try:
            done = asyncio.run(_reseal(url, sealing))
        except UNUSABLE as error:
            unusable(error)
    console.print(f"{done.sealed} sealed anew with the first secret key.", highlight=False)
    if done.lost:
        stop(
            f"{', '.join(done.lost)}: no key opens what is sealed here; put the old key back, or set it anew.",
            code=1,
        )


async def _reseal(url: str, sealing: Sealing) -> Resealed:
    db = Database(url)
    try:
        async with db.transaction() as tx:
            done = await reseal(tx, sealing)
            webhooks, lost = await reseal_webhooks(tx, sealing)
            addresses, unopened = await reseal_addresses(tx, sealing)
            messages, unsent = await reseal_messages(tx, sealing)
            await changed(tx, CONFIGURATION)
            all_lost = (*done.lost, *(f"webhook {name}" for name in lost), *unopened, *unsent)
            return Resealed(done.sealed + webhooks + addresses + messages, all_lost)
    finally:
        await db.close()
