"""Every SQL statement about schedules: what authors write, what changes who is on call, and the record of who was."""
