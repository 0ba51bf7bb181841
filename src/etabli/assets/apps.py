from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AssetsConfig(AppConfig):
    name = "etabli.assets"

    def ready(self) -> None:
        from . import day, kinds, life_day, places  # noqa: F401 - they add to the pages of others

        post_migrate.connect(kinds.install_kinds, sender=self)
