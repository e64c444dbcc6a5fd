"""What can be done with heartbeats: by people, by their monitors, by time."""
