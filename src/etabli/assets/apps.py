from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AssetsConfig(AppConfig):
    name = "etabli.assets"

    def ready(self) -> None:
        from . import kinds

        post_migrate.connect(kinds.install_kinds, sender=self)
