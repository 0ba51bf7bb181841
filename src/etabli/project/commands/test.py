"""``test``: everything that tells whether the project is sound, in one command, with a summary."""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from etabli.kernel import localpg

from .. import components
from .install import install_components
from .language import _
from .outcome import DIFFERENT, OK
from .terminal import say, table

ROOT = components.ROOT
# a test database is thrown away: it need not survive a power cut
_HURRIED = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "1GB"}
_NOTHING_COLLECTED = 5  # pytest's exit code
_HELP = _("""./etabli test [PYTEST WORDS…]

Without words: components, lint, formatting, types, layers, migrations, catalogue, unit tests, browser
journeys; everything runs to the end, then a summary.
With words: only pytest, with these words (paths, -k, -m, -x…).
ETABLI_REQUIRE=all makes an absent component a failure. ETABLI_CORPUS names the folder of test data.""")


@dataclass(frozen=True)
class Step:
    """One check: its name for people, and the words given to Python."""

    name: str
    words: tuple[str, ...]
    may_be_empty: bool = False


def steps() -> list[Step]:
    """All checks in the order in which they run: the quick ones first."""
    ours = [place for place in ("src", "tests", "tools", "bench") if (ROOT / place).is_dir()]
    found = [
        Step(_("Lint"), ("-m", "ruff", "check", *ours)),
        Step(_("Formatting"), ("-m", "ruff", "format", "--check", *ours)),
        Step(_("Types"), ("-m", "mypy")),
        Step(_("Layers"), ("-c", "from importlinter.cli import lint_imports_command as run; run()")),
        Step(_("Migrations"), (*_CLI, "manage", "makemigrations", "--check", "--dry-run", "-v", "1")),
    ]
    if importlib.util.find_spec("etabli.project.catalogue"):
        found.append(Step(_("Catalogue"), ("-c", _CATALOGUE)))
    # A module's tests stay together while the work is even: what it prepares is prepared once.
    parallel = ("-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal")
    return [
        *found,
        Step(_("Unit tests"), ("-m", "pytest", "-m", "not browser", *parallel)),
        Step(_("Browser journeys"), ("-m", "pytest", "-m", "browser", *parallel), may_be_empty=True),
    ]


_CLI = ("-m", "etabli.project.cli")
_CATALOGUE = """
from etabli.project.catalogue import check
problems = list(check())
print("\\n".join(problems))
raise SystemExit(bool(problems))
"""


def test(words: list[str]) -> int:
    """Run everything, or pytest alone with the words given; 4 when something fails."""
    if words and words[0] in ("-h", "--help"):
        print(_HELP)
        return OK
    absent = [] if words else install_components()
    home = ROOT / "var" / "test"
    localpg.start(home / "postgres", _HURRIED)
    try:
        # Not pytest's own folder: a run beside would close it to the account of the servers that tests start.
        with tempfile.TemporaryDirectory(prefix="etabli-") as folder:
            if words:
                return _run(Step(_("Tests"), ("-m", "pytest", *words)), folder)[0]
            return _all(absent, folder)
    finally:
        localpg.stop(home / "postgres")


def _all(absent: list[str], folder: str) -> int:
    rows, tones = [], []
    refused = [name for name in absent if components.required() and components.offered(name)]
    if absent:
        rows.append((_("Components"), _("absent: {names}").format(names=", ".join(absent)), ""))
        tones.append("error" if refused else "warning")
    for step in steps():
        say(f"\n── {step.name}")
        code, seconds = _run(step, folder)
        rows.append(
            (
                step.name,
                _("passed") if code == 0 else _("FAILED ({code})").format(code=code),
                f"{seconds:.1f}",
            )
        )
        tones.append("ok" if code == 0 else "error")
    print()
    table((_("Check"), _("Result"), _("Seconds")), rows, tones)
    return DIFFERENT if "error" in tones else OK


def _run(step: Step, folder: str) -> tuple[int, float]:
    begun = time.monotonic()
    words = [*step.words]
    if "pytest" in words:
        words[2:2] = ["--basetemp", f"{folder}/{begun}"]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=_environment(), check=False)  # noqa: S603
    code = OK if step.may_be_empty and done.returncode == _NOTHING_COLLECTED else done.returncode
    return code, time.monotonic() - begun


def _environment() -> dict[str, str]:
    """The tests' own data directory, and never the database of the person who runs them."""
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    paths = [str(ROOT / "src"), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "ETABLI_HOME": str(ROOT / "var" / "test"), "PYTHONPATH": os.pathsep.join(paths)}
