"""What mutes an alert, and until when. Pure: values and `now` in, mutings with their reasons out."""
