"""Data sets: where they come from, how they are fetched and checked, and how their layouts become one."""
