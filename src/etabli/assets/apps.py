from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AssetsConfig(AppConfig):
    name = "etabli.assets"

    def ready(self) -> None:
        from etabli.kernel.http import open_door

        from . import day, feed_pages, kinds, life_day, places  # noqa: F401 - they add to the pages of others

        open_door(feed_pages.matches, feed_pages.view)
        post_migrate.connect(kinds.install_kinds, sender=self)
