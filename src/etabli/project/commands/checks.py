"""What one check of ``doctor`` says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """``level`` is ``ok``, ``warning`` (works, could be better) or ``error`` (must be mended)."""

    name: str
    expected: str
    found: str
    level: str
    mend: str = ""
