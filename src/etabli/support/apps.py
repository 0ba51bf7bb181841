from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "etabli.support"

    def ready(self) -> None:
        # They add to the pages of others, react to events, run as jobs.
        from . import (  # noqa: F401  # noqa: F401
            day,
            firing,
            following,
            mail_day,
            mail_screens,
            rule_screens,
            sending,
            telling,
            work_day,
            work_screens,
        )
