"""Loading and removing the sample companies from the pages."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from etabli.kernel.installation import first_organisation, require_installation
from etabli.kernel.jobs import Job, Task
from etabli.kernel.tenancy import scope, visible


@login_required
def demo(request: Any) -> HttpResponse:
    """Remove the sample companies, with a page that says what goes."""
    from .demo import jobs

    require_installation(request.actor, "organisation.delete")
    if request.method == "POST":
        job = _follow(request, jobs.remove, title=_("Remove the sample companies"), url="/")
        return redirect("job-detail", job.pk)
    context = {
        "title": _("Remove the sample companies?"),
        "danger": True,
        "submit_label": _("Remove"),
        "cancel_url": "/",
        "text": _(
            "The sample organisations and everything in them go. Your own organisations are not touched."
        ),
    }
    return TemplateResponse(request, "screens/confirm.html", context)


@login_required
def load(request: Any) -> HttpResponse:
    """Load the sample companies as a followed job."""
    from .demo import jobs

    require_installation(request.actor, "organisation.add")
    job = _follow(request, jobs.load, title=_("Load the sample companies"), url=reverse("asset-list"))
    messages.info(request, _("The sample companies are being loaded: a few seconds."))
    return redirect("job-detail", job.pk)


def _follow(request: Any, task: Task, *, title: str, url: str) -> Job:
    """Queue a work of the installation: its row stays when the sample companies go.

    Whoever looked at one of them looks at everything again, and so finds the work.
    """
    request.session.pop("organisation", None)
    first = first_organisation()
    with scope(*{*visible(), *([first.pk] if first else [])}):
        return task.follow(
            title=title, actor=request.actor, url=url, organisation_id=first.pk if first else None
        )


urls = [path("demo/", demo, name="demo"), path("demo/load/", load, name="demo-load")]
