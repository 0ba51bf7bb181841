"""The API in words: its operations by noun, read from its own OpenAPI document."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja.openapi.schema import get_schema

from etabli.kernel.screens import api


@login_required
def api_page(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("API"),
        "operations": described_operations(),
        "schema_url": reverse("api:openapi-json"),
    }
    return TemplateResponse(request, "web/api.html", context)


def described_operations() -> list[dict[str, Any]]:
    """``[{"name": noun, "operations": [{"method", "path", "summary"}]}]``, in the order of the document."""
    groups: dict[str, list[dict[str, str]]] = {}
    document = get_schema(api.built(), path_prefix=reverse("api:api-root"))
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            one = {"method": method.upper(), "path": path, "summary": operation.get("summary", "")}
            groups.setdefault(operation.get("tags", [""])[0], []).append(one)
    return [{"name": name, "operations": found} for name, found in groups.items()]
