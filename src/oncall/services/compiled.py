"""What is kept of services for speed: whose key is whose."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.services import store
from oncall.services.values import IntegrationRef

Keys = Mapping[bytes, IntegrationRef]
"""Integrations by the SHA-256 of their key. Found by a digest, so how long it takes tells nothing about a key."""


async def load_keys(tx: AsyncConnection) -> Keys:
    return await store.integration_keys(tx)
