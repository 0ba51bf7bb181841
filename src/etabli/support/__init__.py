"""The service desk: what people ask for, from a call or a mail to a solution, on time and without a loss.

Nouns: Ticket, Message, Mailbox, OutgoingMail, ServiceLevel, Deadline, Rule, and what sorts and helps them.
Verbs: open, answer, note, receive, move, hand over, prioritise, promise, merge, send. What only reads bytes
or facts is pure and apart: ``mail`` and ``clocks``. Serves C34 to C39.
"""
