from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "etabli.support"

    def ready(self) -> None:
        from . import following, mail_day, mail_screens, sending, telling  # noqa: F401 - they add to the pages and jobs of others
