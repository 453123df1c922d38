"""Read a Dockerfile as far as ours goes: instructions, continued lines, JSON forms."""

import json
import re


def parse(text):
    """Return the instructions of a Dockerfile.

    Parameters
    ----------
    text : str

    Returns
    -------
    list of (str, str or list of str)
        The instruction in capitals, and what follows it; a JSON array as a list.
    """
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    instructions = []
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.partition(" ")
        rest = rest.strip()
        instructions.append((name.upper(), json.loads(rest) if rest.startswith("[") else rest))
    return instructions


def stages(instructions):
    """Return the instructions of each stage, by its name; the last one's is ""."""
    found = {}
    for name, rest in instructions:
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            current = found.setdefault(alias, [])
            current.append((name, base))
        else:
            current.append((name, rest))
    return found
