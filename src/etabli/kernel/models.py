"""The kernel's models, gathered for Django; each lives beside its verbs."""

from .accounts import Account
from .attachments import Attachment, Link, Note, Tag, Tagging
from .calendars import Calendar, Holiday
from .customfields import CustomField
from .events import Event, ReactionDone
from .externalids import ExternalId
from .files import File
from .jobs import Job
from .notifications import Notification, NotificationChoice
from .organisations import Membership, Organisation, Role
from .preferences import Preference
from .ratelimit import RateBucket
from .savedviews import SavedView
from .screens.importing.models import Import, ImportMapping
from .search import SearchEntry
from .secrets import Secret
from .tokens import ApiToken
from .webhooks import Webhook, WebhookDelivery

__all__ = [
    "Account",
    "ApiToken",
    "Attachment",
    "Calendar",
    "CustomField",
    "Event",
    "ExternalId",
    "File",
    "Holiday",
    "Import",
    "ImportMapping",
    "Job",
    "Link",
    "Membership",
    "Note",
    "Notification",
    "NotificationChoice",
    "Organisation",
    "Preference",
    "RateBucket",
    "ReactionDone",
    "Role",
    "SavedView",
    "SearchEntry",
    "Secret",
    "Tag",
    "Tagging",
    "Webhook",
    "WebhookDelivery",
]
