from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "etabli.support"

    def ready(self) -> None:
        from . import day  # noqa: F401 - it adds to the page of the day
