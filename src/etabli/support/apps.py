from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "etabli.support"

    def ready(self) -> None:
        # They add to the pages of others, react to events, run as jobs.
        from . import day, firing, rule_screens, work_day, work_screens  # noqa: F401
