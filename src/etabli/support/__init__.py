"""The service desk: what people ask for, and what was promised to them.

Nouns: Mail (what arrives), Policy (what is promised), Clock (what has gone by), State, Priority. Verbs: read a
mail, sort it, trim it; read clocks, explain a deadline, refuse a move, prioritise. All of it is pure: bytes and
facts in, plain answers out. Serves C34 to C39.
"""
