"""Data sets: where they come from, how they are checked, how their layouts become one."""
