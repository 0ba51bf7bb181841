"""The service desk: what people ask for, and what was promised to them.

Nouns: Mail (what arrives), Policy (what is promised), Clock (what has gone by), State, Priority. Verbs: read,
sort and trim a mail; read clocks, explain a deadline, refuse a move, prioritise. All of it is pure so far:
bytes and facts in, plain answers out. Serves C34 to C39.
"""
