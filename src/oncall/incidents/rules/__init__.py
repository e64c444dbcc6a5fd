"""The pure decisions about events, alerts and incidents."""
