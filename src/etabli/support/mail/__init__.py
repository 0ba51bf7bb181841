"""Reading e-mail: bytes in, plain facts out. No database, no network, and never an exception.

`reading` opens the bytes and gives a Mail; `sorting` says what kind it is and why (message, reply,
auto-reply, bounce, loop, unreadable); `trimming` folds what was quoted; `threads` finds the ticket it
belongs to, with its proof; `forwarding` finds who wrote first; `bounces` says who did not receive what;
`cleaning` makes the HTML safe to show. What cannot be read is said in a sentence: the original bytes are the
caller's to keep, always.

A mail is written by a stranger: everything here is bounded (sizes, depths, counts) and takes a time in
proportion to the bytes received.
"""
