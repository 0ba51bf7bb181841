"""Loading and removing the sample companies from the pages."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from etabli.kernel.installation import require_installation


@login_required
def demo(request: Any) -> HttpResponse:
    """Remove the sample companies, with a page that says what goes."""
    from .demo import jobs

    require_installation(request.actor, "organisation.delete")
    if request.method == "POST":
        job = jobs.remove.follow(title=_("Remove the sample companies"), actor=request.actor, url="/")
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
    job = jobs.load.follow(
        title=_("Load the sample companies"), actor=request.actor, url=reverse("asset-list")
    )
    messages.info(request, _("The sample companies are being loaded: a few seconds."))
    return redirect("job-detail", job.pk)


urls = [path("demo/", demo, name="demo"), path("demo/load/", load, name="demo-load")]
