"""Support: the service desk, where people ask for help and see what becomes of it.

Nouns: Ticket, Message, Mail, Clock. Verbs: receive a mail, answer, take charge, solve, reopen, escalate.
A request arrives by mail, portal, telephone or at the counter, and becomes one ticket with one timeline.
Serves C32, C33, C34, C37 and C39.
"""
