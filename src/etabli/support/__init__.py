"""The service desk: what people ask for, and what was promised to them.

Nouns: Ticket and what is said of it, Policy (what is promised), Clock (what has gone by). Verbs: open, take
charge, answer, wait, solve, reopen, close. Serves C34 to C39.
"""
