"""How a request comes in: programs by their own doors, people with the scope of their rights around the whole
page.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.utils.translation import gettext as _

from . import tokens
from .actors import Actor, actor_of
from .ratelimit import limited_here
from .tenancy import scope

API_PER_MINUTE = 3000
NOBODY = Actor(account_id=None, label="—")
Door = tuple[Callable[[HttpRequest], bool], Callable[[HttpRequest], HttpResponse]]
_doors: list[Door] = []


def open_door(matches: Callable[[HttpRequest], bool], view: Callable[[HttpRequest], HttpResponse]) -> None:
    """Let requests that match go straight to a view: no session, no CSRF token, no redirect to a login
    page.
    """
    _doors.append((matches, view))


def doors(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        # A thread serves many people in turn: none leaves its language to the next one.
        with translation.override(settings.LANGUAGE_CODE):
            for matches, view in _doors:
                if matches(request):
                    return view(request)
            return get_response(request)

    return middleware


class scoped:
    """Open the scope of the actor around the view, as one transaction; an error or a 5xx answer takes it
    back.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        actor = self.actor(request)
        if actor is None:
            text = _("This API token is unknown, expired or revoked.")
            return JsonResponse({"detail": text}, status=401, headers={"WWW-Authenticate": "Bearer"})
        if wait := self.too_many(actor):
            text = _("Too many requests: wait %(n)s seconds.") % {"n": wait}
            return JsonResponse({"detail": text}, status=429, headers={"Retry-After": str(wait)})
        request.actor = actor
        request.failed = False
        with scope(*self.places(request)):
            response = self.get_response(request)
            if request.failed or response.status_code >= 500:
                transaction.set_rollback(True)
        return response

    def process_exception(self, request: Any, exception: Exception) -> None:
        request.failed = True

    def actor(self, request: Any) -> Actor | None:
        header = request.headers.get("Authorization", "")
        if header.startswith("Bearer "):
            # A token replaces the session: what it does never depends on a cookie sent along.
            return tokens.actor_for(header, ip=request.META.get("REMOTE_ADDR") or None)
        if not request.user.is_authenticated:
            return NOBODY
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = request.user.language
        return actor_of(request.user)

    def too_many(self, actor: Actor) -> int:
        """Seconds an API token must wait; people are not limited here."""
        return (
            limited_here(f"token:{actor.account_id}:{actor.label}", per_minute=API_PER_MINUTE)
            if actor.source == "api"
            else 0
        )

    def places(self, request: Any) -> list[int]:
        """Every organisation of the actor, or the chosen one and those under it."""
        chosen = request.session.get("organisation") if request.actor.source == "screen" else None
        places = request.actor.places
        if chosen in places:
            return [p.id for p in places.values() if chosen in p.path]
        return list(places)
