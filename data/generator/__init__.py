"""Draw the embedded people, scenes and videos."""
