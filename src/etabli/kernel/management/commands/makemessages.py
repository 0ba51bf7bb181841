"""Django's own command, which also gathers the messages of :func:`sentence`, of inventory warnings and
refusals.
"""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=sentence",
        "--keyword=told",
        "--keyword=Warning:3",
        "--keyword=TooLarge",
        "--keyword=Unreadable",
    ]
