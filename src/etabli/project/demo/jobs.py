"""Loading and removing as followed jobs, for the pages."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from etabli.kernel.jobs import Run, job

from . import actions


@job(followed=True)
def load(run: Run) -> dict[str, Any]:
    """Load the sample companies; the password of their accounts is in the job's log."""
    run.begin(_("Sample companies"), total=4)
    told = iter(range(1, 5))
    made = actions.load(now=timezone.now(), tell=lambda name: run.progress(next(told)))
    if not made.password:
        run.say(_("The sample companies were already there."))
        return {}
    run.say(
        _("Accounts: %(accounts)s; password: %(password)s")
        % {"accounts": ", ".join(made.accounts), "password": made.password}
    )
    return {**made.counts}


@job(followed=True)
def remove(run: Run) -> dict[str, Any]:
    """Remove the sample companies, in one transaction: there is no progress to tell meanwhile."""
    return {"rows": sum(actions.remove().values())}
