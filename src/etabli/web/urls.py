"""Addresses of the shell: my day, search, palette, account, settings, help."""

from django.urls import path

from . import api_pages, settings_pages, views

urlpatterns = [
    path("", views.home, name="home"),
    path("palette/", views.palette, name="palette"),
    path("recherche/", views.search_page, name="search"),
    path("options/<slug:noun>/", views.options, name="options"),
    path("organisation/<int:pk>/", views.switch, name="switch"),
    path("theme/", views.theme, name="theme"),
    path("mon-compte/", views.my_account, name="my-account"),
    path("notifications/", views.notifications_page, name="notification-list"),
    path("notifications/<int:pk>/", views.notification_page, name="notification-detail"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("aide/", views.help_page, name="help"),
    path("style/", views.style_page, name="style"),
    path("sante/", views.alive, name="alive"),
    path("api/", api_pages.api_page, name="api"),
    path("reglages/", settings_pages.index, name="settings"),
    path("reglages/mail/test/", settings_pages.try_mail, name="mail-test"),
    path("reglages/<slug:section>/", settings_pages.section_page, name="settings-section"),
    path(
        "reglages/<slug:section>/<int:organisation>/", settings_pages.section_page, name="settings-override"
    ),
    path("mon-compte/notifications/", views.notification_choices, name="notification-choices"),
]
