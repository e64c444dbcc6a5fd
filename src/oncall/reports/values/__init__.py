"""What reports are asked, and what they say."""
