"""What the routes about schedules take and show."""
