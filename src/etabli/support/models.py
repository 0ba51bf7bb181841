"""The models of the service desk, gathered for Django; each lives beside its verbs."""

from .escalations import Escalation
from .facts import TicketFact
from .handovers import Handover
from .mailboxes import KnownMail, Mailbox, ReceivedMail
from .matrices import PriorityMatrix
from .messages import Message, MessageFile
from .outbox import OutgoingMail
from .promises import Deadline, ServiceLevel, ServiceTarget
from .skills import Absence, AgentSkill, Skill, SkillCover
from .tasks import Task
from .tickets import Category, Service, Ticket, TicketAsset, TicketLink, Watcher

__all__ = [
    "Absence",
    "AgentSkill",
    "Category",
    "Deadline",
    "Escalation",
    "Handover",
    "KnownMail",
    "Mailbox",
    "Message",
    "MessageFile",
    "OutgoingMail",
    "PriorityMatrix",
    "ReceivedMail",
    "Service",
    "ServiceLevel",
    "ServiceTarget",
    "Skill",
    "SkillCover",
    "Task",
    "Ticket",
    "TicketAsset",
    "TicketFact",
    "TicketLink",
    "Watcher",
]
