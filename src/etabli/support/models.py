"""The models of the service desk, gathered for Django; each lives beside its verbs."""

from .drafts import Draft, Presence
from .facts import TicketFact
from .mailboxes import KnownMail, Mailbox, ReceivedMail
from .matrices import PriorityMatrix
from .messages import Message, MessageFile
from .outbox import OutgoingMail
from .promises import Deadline, ServiceLevel, ServiceTarget
from .searching import TicketText
from .tasks import Task
from .tickets import Category, Service, Ticket, TicketAsset, TicketLink, Watcher

__all__ = [
    "Category",
    "Deadline",
    "Draft",
    "KnownMail",
    "Mailbox",
    "Message",
    "MessageFile",
    "OutgoingMail",
    "Presence",
    "PriorityMatrix",
    "ReceivedMail",
    "Service",
    "ServiceLevel",
    "ServiceTarget",
    "Task",
    "Ticket",
    "TicketAsset",
    "TicketFact",
    "TicketLink",
    "TicketText",
    "Watcher",
]
