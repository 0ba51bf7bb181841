"""The journeys across domains share the fixtures of the slices."""

from etabli.conftest import *  # noqa: F403
