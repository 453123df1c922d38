"""The `course` command: one thin module a sub-command."""
