from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "etabli.inventory"

    def ready(self) -> None:
        from etabli.kernel.http import open_door

        from . import day, door  # noqa: F401 - day declares what "My day" shows

        open_door(door.matches, door.view)
