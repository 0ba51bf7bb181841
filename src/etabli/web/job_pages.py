"""A followed job: its live region, cancelling it, running it again."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import path
from django.views.decorators.http import require_POST

from etabli.kernel import jobs, live
from etabli.kernel.actors import require
from etabli.kernel.jobs import Job


def render_job(request: HttpRequest, pk: int) -> str:
    """The region of a job's page that changes while it runs."""
    from . import screens as own

    job = Job.objects.filter(pk=pk).first()
    if job is None:
        raise Http404
    actor: Any = request.actor  # type: ignore[attr-defined]
    require(actor, "job.view", job)
    screen = own.JobScreen()
    return render_to_string(
        "screens/job.html#job", {**own.job_context(job), "actions": screen.actions(job, actor)}, request
    )


@login_required
@require_POST
def cancel(request: Any, pk: int) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk)
    require(request.actor, "job.change", job)
    jobs.cancel(job)
    return redirect("job-detail", pk)


@login_required
@require_POST
def retry(request: Any, pk: int) -> HttpResponse:
    job = get_object_or_404(Job, pk=pk)
    require(request.actor, "job.change", job)
    again = jobs.retry(job, actor=request.actor) if job.over else job
    return redirect("job-detail", again.pk)


urls = [
    path("jobs/<int:pk>/cancel/", cancel, name="job-cancel"),
    path("jobs/<int:pk>/retry/", retry, name="job-retry"),
    path("jobs/<int:pk>/live/", live.sse(lambda request, pk: f"job:{pk}", render_job), name="job-live"),
]
