"""Django's own command, which also gathers the messages of :func:`sentence` and of inventory warnings."""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        "--keyword=sentence",
        "--keyword=told",
        "--keyword=Warning:3",
    ]
