"""The program that an alert starts, and how the alert's values reach it."""

import json
import os
import re
import shlex
import shutil
from pathlib import Path

from course_utils.errors import CourseError

FIELDS = ("source", "frame", "time", "track", "label", "probability", "seconds")

SHELLS = ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "busybox")
"""Shells whose `-c` takes a script of the POSIX kind."""

OTHERS = re.compile(
    r"ssh|cmd|powershell|pwsh|fish|t?csh|su|script|((python|perl|ruby|node|php|lua)[\d.]*)"
)
"""Programs that take a script in another language, which is not quoted for here; those in brackets
behind an option only."""

WRAPPERS = ("env", "nohup", "sudo", "doas", "nice", "timeout", "setsid", "stdbuf", "xargs")
"""Programs that start the one that follows."""

SCRIPT_OPTION = re.compile(r"-[A-Za-z]*[cer]|--(command|eval|execute)", re.ASCII)
"""What stands before a script: sh -c, bash -lc, python -c, perl -e, php -r."""

PLACE = re.compile(r"\{(" + "|".join(FIELDS) + r")\}")


class AlertCommand:
    """A program and its arguments, with places for an alert's values.

    In each argument `{track}`, `{time}` and the other names of `FIELDS` are replaced, once. The
    program gets the whole alert as JSON in the environment variable COURSE_ALERT, and each value in
    one of its own: COURSE_ALERT_SOURCE, COURSE_ALERT_TRACK ...

    Values never become a part of a script, since a file's name may hold `; rm -rf ~`: in the script
    of `sh -c` the places are replaced by these variables, in quotes, which the shell does not read
    as commands.

    Parameters
    ----------
    command : str
        Split as a shell would, but run without one: `;`, `|` and `$` mean nothing.

    Raises
    ------
    CourseError
        When it can't be split, names no program, or would make `{source}` a part of a script that
        is no shell's.
    """

    def __init__(self, command):
        try:
            self._arguments = shlex.split(command, posix=os.name != "nt")
        except ValueError as error:
            raise CourseError(
                f"The alert's command can't be split into arguments ({error}): close its quotes."
            ) from error
        if not self._arguments or shutil.which(self._arguments[0]) is None:
            named = f" {self._arguments[0]}" if self._arguments else ""
            raise CourseError(
                f"The alert's command{named} is no program that can be run: give its full path."
            )
        programs = [_program(argument) for argument in self._arguments]
        known = len(programs) if programs[0] in WRAPPERS else 1
        for number, argument in enumerate(self._arguments[1:], 1):
            before = programs[: min(number, known)]
            is_script = SCRIPT_OPTION.fullmatch(self._arguments[number - 1])
            others = [found for found in map(OTHERS.fullmatch, before) if found]
            if is_script and any(program in SHELLS for program in before):
                self._arguments[number] = _with_variables(argument)
            elif "{source}" in argument and any(is_script or not found[1] for found in others):
                raise CourseError(
                    f"{self._arguments[0]} would run a file's name in place of {{source}} as a"
                    " program: read it from the environment variable COURSE_ALERT_SOURCE."
                )

    def filled(self, alert):
        """Return the arguments and the environment for an alert.

        Parameters
        ----------
        alert : dict
            `FIELDS` and more, as JSON can hold them.

        Returns
        -------
        arguments : list of str
        environment : dict of str to str
        """
        values = {name: str(alert[name]).replace("\0", "") for name in FIELDS}
        environment = os.environ | {"COURSE_ALERT": json.dumps(alert)}
        environment |= {f"COURSE_ALERT_{name.upper()}": value for name, value in values.items()}
        arguments = [
            PLACE.sub(lambda match: values[match[1]], argument) for argument in self._arguments
        ]
        return arguments, environment


def _program(argument):
    return Path(argument.replace("\\", "/")).name.lower().removesuffix(".exe")


def _with_variables(script):
    """Replace the places of a shell's script by variables, quoted as the place needs it."""
    parts, quote, end = [], "", 0
    for match in PLACE.finditer(script):
        between = script[end : match.start()]
        quote, end = _quote_after(between, quote), match.end()
        variable = f"${{COURSE_ALERT_{match[1].upper()}}}"
        parts += [between, {"": f'"{variable}"', '"': variable, "'": f"'\"{variable}\"'"}[quote]]
    return "".join([*parts, script[end:]])


def _quote_after(text, quote):
    """Return the quotation mark that is open after a piece of a script, empty for none."""
    escaped = False
    for letter in text:
        if escaped:
            escaped = False
        elif letter == "\\" and quote != "'":
            escaped = True
        elif letter in "'\"" and quote in ("", letter):
            quote = "" if quote else letter
    return quote
