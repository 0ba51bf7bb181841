"""The application in this process, for commands that act on it: Django set up, the database served
meanwhile.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from .database import connect, empty, served
from .language import _, chosen
from .outcome import Failure


@contextmanager
def working() -> Iterator[None]:
    """Inside, models can be imported and used. Raises Failure when the database was never prepared."""
    with served():
        with connect() as connection:
            if empty(connection, "django_migrations"):
                raise Failure(_("The database is not prepared yet: run ./etabli up once."))
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "etabli.project.settings")
        import django

        django.setup()
        from django.db import connections
        from django.utils import translation

        try:
            with translation.override(chosen()):
                yield
        finally:
            connections.close_all()
