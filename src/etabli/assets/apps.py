from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AssetsConfig(AppConfig):
    name = "etabli.assets"

    def ready(self) -> None:
        from . import day, kinds, places  # noqa: F401 - day and places add to the pages of others

        post_migrate.connect(kinds.install_kinds, sender=self)
