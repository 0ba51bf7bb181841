"""How a command ends: the documented exit codes, and the errors that lead to them."""

OK, FAILED, USAGE, UNREACHABLE, DIFFERENT, INTERRUPTED = 0, 1, 2, 3, 4, 130


class Failure(Exception):
    """The command could not do its work; the sentence says what happened and what to do."""

    code = FAILED


class Unreachable(Failure):
    """Something the command talks to does not answer: database, server, network."""

    code = UNREACHABLE


class CheckFailed(Failure):
    """The command did its work, and what it checked is not as it should be."""

    code = DIFFERENT
