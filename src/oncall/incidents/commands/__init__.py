"""What can be done with incidents: by events, by people, by time."""
