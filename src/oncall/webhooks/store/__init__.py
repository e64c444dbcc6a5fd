"""Every SQL statement about webhooks and what is delivered to them."""
