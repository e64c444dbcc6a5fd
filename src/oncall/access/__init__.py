"""Who is calling and what they may do; signs and reads link tokens.

Promises: every route asks here first, a secret is stored only as its hash, and a refused caller learns nothing but that it was
refused. May touch: its own API keys.
"""
