"""Errors a user can act on. Everything else is a programming mistake."""

from __future__ import annotations


class WorkbenchError(Exception):
    """Base of all errors whose message is shown to the user as it is."""


class DataError(WorkbenchError):
    """The input data cannot be used; the message says what to change."""


class ConfigError(WorkbenchError):
    """The settings cannot be used together; the message says what to change."""


class JudgeError(WorkbenchError):
    """The judge cannot be reached or does not answer; the message says what to do."""


class Cancelled(WorkbenchError):  # noqa: N818 - a request of the user, not a failure
    """The user asked to stop; everything finished so far is kept for a resume."""
