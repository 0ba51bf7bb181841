"""Start of the kernel: policies after each migration, and every domain's screens and reactions found."""

import gc

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules


class KernelConfig(AppConfig):
    name = "etabli.kernel"

    def ready(self) -> None:
        from . import rowsecurity, shipped

        post_migrate.connect(rowsecurity.install, sender=self)
        post_migrate.connect(shipped.install_roles, sender=self)
        autodiscover_modules("screens", "reactions", "jobs", "importers")
        # Rendering a list makes many short-lived objects: what lives as long as the process is taken out of
        # the
        # collector's sight, and full collections are made rare (they were the tail of a peer's response
        # times).
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
