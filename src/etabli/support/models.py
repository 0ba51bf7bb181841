"""The models of the service desk, gathered for Django; each lives beside its verbs."""

from .answer_templates import AnswerTemplate
from .approving import Approval
from .deadaddresses import DeadAddress
from .drafts import Draft, Presence
from .escalations import Escalation
from .facts import TicketFact
from .handovers import Handover
from .macros import Macro, QuickTicket
from .mailboxes import KnownMail, Mailbox, ReceivedMail
from .matrices import PriorityMatrix
from .merging import TicketMerge
from .messages import Message, MessageFile
from .outbox import OutgoingMail
from .promises import Deadline, ServiceLevel, ServiceTarget
from .recurring import Recurrence, RecurrenceAsset, RecurrenceRun
from .rules import Rule, RuleFiring
from .satisfaction import Survey
from .searching import TicketText
from .skills import Absence, AgentSkill, Skill, SkillCover
from .splitting import TicketSplit
from .task_lists import TaskList
from .tasks import Task
from .tickets import Category, Service, Ticket, TicketAsset, TicketLink, Watcher
from .timing import TimeEntry, WorkType

__all__ = [
    "Absence",
    "AgentSkill",
    "AnswerTemplate",
    "Approval",
    "Category",
    "DeadAddress",
    "Deadline",
    "Draft",
    "Escalation",
    "Handover",
    "KnownMail",
    "Macro",
    "Mailbox",
    "Message",
    "MessageFile",
    "OutgoingMail",
    "Presence",
    "PriorityMatrix",
    "QuickTicket",
    "ReceivedMail",
    "Recurrence",
    "RecurrenceAsset",
    "RecurrenceRun",
    "Rule",
    "RuleFiring",
    "Service",
    "ServiceLevel",
    "ServiceTarget",
    "Skill",
    "SkillCover",
    "Survey",
    "Task",
    "TaskList",
    "Ticket",
    "TicketAsset",
    "TicketFact",
    "TicketLink",
    "TicketMerge",
    "TicketSplit",
    "TicketText",
    "TimeEntry",
    "Watcher",
    "WorkType",
]
