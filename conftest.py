"""Skips, or fails when they are required, the tests whose real components are absent."""

from etabli.project.components import pytest_runtest_setup

__all__ = ["pytest_runtest_setup"]
