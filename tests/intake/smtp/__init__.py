"""Mails that come in over real sockets."""
