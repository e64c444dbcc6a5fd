"""Is this node, and the data, all right?

Promises: `/readyz` speaks of this node only; `/healthz` is red for whatever may keep a page from arriving; the heartbeat is sent only
while the invariants hold. May touch: reads any table below, writes none.
"""
