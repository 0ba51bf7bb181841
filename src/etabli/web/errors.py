"""What a person, or a program, reads when something is refused or breaks: one sentence, and what to do."""

import logging
import secrets
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from etabli.kernel.http import NOBODY

log = logging.getLogger("etabli.incident")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 400, _("This request could not be understood."), _("Go back and try again."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _may_log_in(request):
        return redirect_to_login(request.get_full_path())
    text = str(exception) or _("Your role does not allow this. Ask an administrator.")
    return answer(request, 403, _("Not allowed"), text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(
        request, 404, _("Nothing here"), _("This address leads to nothing, or to something you may not see.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """The incident number is in the server's log beside the full error."""
    number = secrets.token_hex(4).upper()
    log.error("incident %s on %s", number, request.path, exc_info=True)
    text = _(
        "Nothing was changed. Give the incident number to your administrator: "
        "it finds the details in the log."
    )
    return answer(request, 500, _("Something went wrong on our side"), text, incident=number)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(
        request, 403, _("This form has expired"), _("Open the page again, then send the form once more.")
    )


def _may_log_in(request: Any) -> bool:
    """Whether somebody whose session ended, or never began, opens a page: what it refuses may be theirs."""
    page = request.method == "GET" and "text/html" in request.headers.get("Accept", "text/html")
    nobody = getattr(request, "actor", None) is NOBODY
    return page and nobody and not request.path.startswith("/api/") and "HX-Request" not in request.headers


def answer(request: HttpRequest, status: int, title: str, text: str, **more: Any) -> HttpResponse:
    if request.path.startswith("/api/") or "text/html" not in request.headers.get("Accept", "text/html"):
        return JsonResponse({"detail": f"{title}. {text}", **more}, status=status)
    context = {"code": status, "status": status, "title": title, "text": text, **more}
    # Without the request: an error page must not depend on what just broke (session, navigation, database).
    return HttpResponse(render_to_string("web/error.html", context), status=status)
