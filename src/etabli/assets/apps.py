from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AssetsConfig(AppConfig):
    name = "etabli.assets"

    def ready(self) -> None:
        from . import day, kinds, life_day  # noqa: F401 - they declare what "My day" shows

        post_migrate.connect(kinds.install_kinds, sender=self)
