"""Every page of the product, listed once: the checks in ``test_pages.py`` open each of them in every look.

A word between braces is the number of an object that ``scene.py`` found or made. ``who`` is the reader: the administrator
unless said; a stranger has no session. ``status`` is the answer expected when it is not 200.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """An address to look at, under the name that the test and its picture carry."""

    name: str
    address: str
    who: str = "administrator"
    status: int = 200


DAY = [
    Page("day", "/"),
    Page("day-technician", "/", "technician"),
    Page("jobs", "/jobs/"),
    Page("job-running", "/jobs/{job_running}/"),
    Page("job-done", "/jobs/{job_done}/"),
    Page("job-failed", "/jobs/{job_failed}/"),
    Page("notifications", "/notifications/"),
    Page("search", "/recherche/?q=rouen"),
    Page("search-nothing", "/recherche/?q=zzzzzz"),
]
FLEET = [
    Page("fleet", "/assets/"),
    Page("fleet-filtered", "/assets/?state=in_service&kind={kind}&sort=-warranty_end"),
    Page("fleet-nothing", "/assets/?q=zzzzzz"),
    Page("fleet-page-3", "/assets/?page=3"),
    Page("asset", "/assets/{asset}/"),
    Page("asset-hardware", "/assets/{asset}/?tab=hardware"),
    Page("asset-software", "/assets/{asset}/?tab=software"),
    Page("asset-network", "/assets/{asset}/?tab=network"),
    Page("asset-raw", "/assets/{asset}/?tab=raw&section=hardware"),
    Page("asset-history", "/assets/{asset}/history/"),
    Page("asset-bare", "/assets/{monitor}/"),
    Page("asset-add", "/assets/add/"),
    Page("asset-edit", "/assets/{asset}/edit/"),
    Page("asset-delete", "/assets/{monitor}/delete/"),
    Page("asset-link", "/objets/asset/{asset}/link/?q=pc"),
    Page("asset-bulk", "/assets/bulk/set/?ids={asset}&ids={monitor}"),
    Page("import-upload", "/assets/import/"),
    Page("import-mapping", "/imports/{import_mapping}/"),
    Page("import-preview", "/imports/{import_preview}/"),
    Page("import-undone", "/imports/{import_undone}/"),
    Page("models", "/models/"),
    Page("model", "/models/{model}/"),
    Page("model-edit", "/models/{model}/edit/"),
    Page("manufacturers", "/manufacturers/"),
    Page("manufacturer", "/manufacturers/{manufacturer}/"),
    Page("manufacturer-add", "/manufacturers/add/"),
    Page("agents", "/agents/"),
    Page("agent", "/agents/{agent}/"),
    Page("enrolments", "/enrolments/"),
    Page("enrolment", "/enrolments/{enrolment}/"),
    Page("enrolment-technician", "/enrolments/{enrolment}/", "technician"),
    Page("enrolment-add", "/enrolments/add/"),
    Page("inventories", "/inventories/"),
    Page("inventory-warnings", "/inventories/{document}/"),
    Page("inventory-suggested", "/inventories/{suggested}/"),
]
PEOPLE = [
    Page("organisations", "/organisations/"),
    Page("organisation", "/organisations/{organisation}/"),
    Page("organisation-add", "/organisations/add/"),
    Page("people", "/people/"),
    Page("person", "/people/{person}/"),
    Page("person-add", "/people/add/"),
    Page("person-invite", "/people/{person}/invite/"),
    Page("teams", "/teams/"),
    Page("team", "/teams/{team}/"),
    Page("team-add", "/teams/add/"),
    Page("units", "/org-units/"),
    Page("unit", "/org-units/{unit}/"),
    Page("sites", "/sites/"),
    Page("map", "/sites/map/"),
    Page("site", "/sites/{site}/"),
    Page("site-edit", "/sites/{site}/edit/"),
    Page("buildings", "/buildings/"),
    Page("building", "/buildings/{building}/"),
    Page("floors", "/floors/"),
    Page("floor", "/floors/{floor_plan}/"),
    Page("rooms", "/rooms/"),
    Page("room", "/rooms/{room}/"),
    Page("racks", "/racks/"),
    Page("rack", "/racks/{rack}/"),
]
SETTINGS = [
    Page("settings", "/reglages/"),
    Page("settings-security", "/reglages/security/"),
    Page("settings-inventory", "/reglages/inventory/"),
    Page("settings-mail", "/reglages/mail/"),
    Page("settings-pages", "/reglages/pages/"),
    Page("settings-files", "/reglages/files/"),
    Page("roles", "/roles/"),
    Page("role", "/roles/{role}/"),
    Page("role-add", "/roles/add/"),
    Page("memberships", "/memberships/"),
    Page("membership", "/memberships/{membership}/"),
    Page("membership-add", "/memberships/add/"),
    Page("tokens", "/api-tokens/"),
    Page("token", "/api-tokens/{token}/"),
    Page("token-new", "/api-tokens/new/"),
    Page("webhooks", "/webhooks/"),
    Page("webhook", "/webhooks/{webhook}/"),
    Page("webhook-add", "/webhooks/add/"),
    Page("deliveries", "/webhook-deliveries/"),
    Page("delivery", "/webhook-deliveries/{delivery}/"),
    Page("events", "/events/"),
    Page("event", "/events/{event}/"),
    Page("imports", "/imports/"),
    Page("external-ids", "/external-ids/"),
    Page("tags", "/tags/"),
    Page("tag", "/tags/{tag}/"),
    Page("tag-add", "/tags/add/"),
    Page("custom-fields", "/custom-fields/"),
    Page("custom-field", "/custom-fields/{field}/"),
    Page("custom-field-add", "/custom-fields/add/"),
    Page("calendars", "/calendars/"),
    Page("calendar", "/calendars/{calendar}/"),
    Page("calendar-edit", "/calendars/{calendar}/edit/"),
    Page("holidays", "/holidays/"),
    Page("holiday-add", "/holidays/add/"),
    Page("saved-views", "/saved-views/"),
    Page("saved-view", "/saved-views/{view}/"),
    Page("asset-kinds", "/asset-kinds/"),
    Page("asset-kind", "/asset-kinds/{kind}/"),
    Page("asset-kind-add", "/asset-kinds/add/"),
    Page("api", "/api/"),
    Page("style", "/style/"),
    Page("demo", "/demo/"),
]
ACCOUNT = [
    Page("my-account", "/mon-compte/"),
    Page("notification-choices", "/mon-compte/notifications/"),
    Page("password-change", "/compte/password/change/"),
    Page("second-factor", "/compte/2fa/"),
    Page("totp", "/compte/2fa/totp/activate/"),
    Page("passkeys", "/compte/2fa/webauthn/"),
    Page("passkey-add", "/compte/2fa/webauthn/add/"),
    Page("sessions", "/compte/sessions/"),
    Page("e-mails", "/compte/email/"),
    Page("logout", "/compte/logout/"),
    Page("help", "/aide/"),
    Page("not-found", "/nowhere/", status=404),
    Page("not-allowed", "/roles/add/", "technician", 403),
]
STRANGER = [
    Page("login", "/compte/login/", "stranger"),
    Page("login-code", "/compte/login/code/", "stranger"),
    Page("password-reset", "/compte/password/reset/", "stranger"),
    Page("password-reset-done", "/compte/password/reset/done/", "stranger"),
    Page("signup", "/compte/signup/", "stranger"),
    Page("accessibility", "/accessibilite/", "stranger"),
    Page("not-found-stranger", "/nowhere/", "stranger", 404),
]
PAGES = [*DAY, *FLEET, *PEOPLE, *SETTINGS, *ACCOUNT, *STRANGER]
