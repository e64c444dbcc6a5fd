"""Monitors that must check in.

Promises: a check-in that was answered 202 is stored; silence for the interval and the grace opens one alert by the way of every event, and
the next check-in resolves it; no silence counts while nobody here could take a check-in.
"""
