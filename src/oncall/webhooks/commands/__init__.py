"""What can be done with webhooks: edited, told of entries, delivered to, looked into."""
