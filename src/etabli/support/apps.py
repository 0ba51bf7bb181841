from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "etabli.support"

    def ready(self) -> None:
        from . import firing, rule_screens, work_day, work_screens  # noqa: F401 - screens, reactions, jobs
