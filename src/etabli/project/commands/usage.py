"""What a command says of itself with ``--help``, and of words it does not understand, as the reader speaks.

typer writes both in English whatever the language, so only its reading of the words is used.
"""

import re
import shutil
import textwrap
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from .language import _

HELP = {"--help", "-h", "--aide"}
type Translated = Callable[[str], str]


def asked(words: Sequence[str]) -> bool:
    """Whether help is wanted; what follows ``--`` belongs to the command."""
    own = words[: words.index("--")] if "--" in words else words
    return bool(HELP.intersection(own))


def described(command: Any, path: str, about: str, epilog: str, told: Translated) -> str:
    """The whole help of a command: usage, what it is for, arguments, options, commands under it."""
    shown = [one for one in command.params if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name == "option" and "--help" not in one.opts]
    under = [(name, one) for name, one in getattr(command, "commands", {}).items() if not one.hidden]
    line = [path, *([_("COMMAND")] if under else map(placeholder, arguments)), _("[OPTIONS]")]
    parts = [
        _("Usage: {line}").format(line=" ".join(line)),
        _wrapped(about, "  "),
        _listed(_("Arguments"), [(placeholder(one), told(one.help or "")) for one in arguments]),
        _listed(_("Options"), [*(_option(one, told) for one in options), ("--help", _("Show this help"))]),
        _listed(_("Commands"), [(name, told(one.short_help or one.help or "")) for name, one in under]),
        _wrapped(epilog, ""),
    ]
    return "\n\n".join(part for part in parts if part)


def placeholder(argument: Any) -> str:
    """How an argument is named: FILE, [FILE] when it may be left out, PATHS… when there may be several."""
    name = argument.metavar or argument.name.upper()
    name += "…" if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _option(option: Any, told: Translated) -> tuple[str, str]:
    names = " / ".join([*option.opts, *option.secondary_opts])
    if not option.is_flag:
        names += f" {option.metavar or option.name.upper()}"
    facts = [option.envvar] if isinstance(option.envvar, str) else []
    if not option.is_flag and option.default and not callable(option.default):
        facts.append(_("default: {value}").format(value=option.default))
    return names, " ".join([told(option.help or ""), *([f"[{', '.join(facts)}]"] if facts else [])])


def _listed(title: str, rows: Sequence[tuple[str, str]]) -> str:
    if not rows:
        return ""
    margin = min(max(len(name) for name, _text in rows) + 4, 32)
    lines = [title]
    for name, text in rows:
        head = f"  {name}"
        if len(head) > margin - 2:
            lines.append(head)
            head = ""
        lines.append(_wrapped(text, " " * margin, head.ljust(margin)))
    return "\n".join(lines)


def _wrapped(text: str, indent: str, first: str | None = None) -> str:
    width = min(shutil.get_terminal_size().columns, 100)
    begun = indent if first is None else first
    lines = textwrap.TextWrapper(width, initial_indent=begun, subsequent_indent=indent)
    lines.break_long_words = lines.break_on_hyphens = False
    return lines.fill(text)


def nearest(word: str, known: Sequence[str], otherwise: str = "") -> str:
    """A question about the name that was perhaps meant."""
    near = get_close_matches(word, known, n=1)
    return _("Did you mean “{near}”?").format(near=near[0]) if near else otherwise


def wrong(error: Any) -> str:
    """The sentence for words that typer refused; ``error`` is one of its usage errors."""
    kind, name = type(error).__name__, _named(error)
    if kind == "NoSuchOption":
        near = nearest(name, list(error.possibilities or ()))
        return " ".join([_("There is no option “{name}”.").format(name=name), near]).strip()
    if kind == "MissingParameter":
        return _("{name} is missing.").format(name=name)
    if kind == "BadOptionUsage":
        wants = "requires" in error.message
        text = _("{name} expects a value.") if wants else _("{name} takes no value.")
        return text.format(name=name)
    if kind == "BadParameter" and error.param is not None:
        return _expected(error, name)
    if extra := re.search(r"extra argument\(s\) \((.*)\)", error.message):
        return _("Too many words: {words}.").format(words=extra[1])
    return str(error.message)


def _named(error: Any) -> str:
    param = getattr(error, "param", None)
    if param is None:
        return str(getattr(error, "option_name", ""))
    return placeholder(param).strip("[]") if param.param_type_name == "argument" else str(param.opts[0])


def _expected(error: Any, name: str) -> str:
    """What the parameter takes, rather than what was wrong with what it was given."""
    rule = error.param.type_descriptor.parameter_info
    if rule.min is not None and rule.max is not None:
        text = _("{name} is a number from {low} to {high}.")
        return text.format(name=name, low=rule.min, high=rule.max)
    if rule.min is not None:
        return _("{name} is a number, {low} or more.").format(name=name, low=rule.min)
    if rule.exists and "exist" in error.message:
        return _("{name}: there is no such file.").format(name=name)
    if "integer" in error.message:
        return _("{name} is a whole number.").format(name=name)
    return f"{name}: {error.message}"
