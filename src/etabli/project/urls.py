"""Every address of the product: the domains' screens, the shell's pages, the API, login."""

from django.urls import include, path

import etabli
from etabli.assets import scan_pages
from etabli.inventory import rules_api
from etabli.kernel import screens
from etabli.kernel.screens import act_pages, annex
from etabli.kernel.screens.api import build
from etabli.kernel.screens.importing import pages as imports
from etabli.people import pages as people_pages
from etabli.support import deadlines_page, rule_pages
from etabli.web.urls import urlpatterns as web_urls

from . import demo_pages

OF_NO_SCREEN = {"recognition": rules_api.router, "tickets": deadlines_page.router}
api = build(list(screens.registry.values()), etabli.__version__, OF_NO_SCREEN)
urlpatterns = [
    path("api/v1/", api.urls),
    path("compte/", include("allauth.urls")),
    *imports.urls,
    *annex.urls,
    *act_pages.urls,
    *people_pages.urls,
    *scan_pages.urls,
    *rule_pages.urls,
    *demo_pages.urls,
    *web_urls,
    *screens.urls(),
]
handler400 = "etabli.web.errors.bad_request"
handler403 = "etabli.web.errors.forbidden"
handler404 = "etabli.web.errors.not_found"
handler500 = "etabli.web.errors.server_error"
