"""All sentences that a story may use."""

from telling.sentences import clock, commands, ledger, people, processes, tampering, web  # noqa: F401
