"""What incidents, alerts, events and change events look like over REST."""
