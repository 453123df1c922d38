"""POST one alert to a web address: a program of its own, so that whoever starts it can end it.

A name server that hangs, a server that sends a byte every few seconds and an answer without end
hold up a thread for good; a process can be ended at its deadline. Standard input holds the address,
the alert and the seconds as JSON; standard output gets the reason when the status is not 0.
"""

import json
import sys

import requests


def main():
    """Deliver what standard input holds."""
    order = json.load(sys.stdin)
    try:
        # The answer's body is never read, and an address that has moved is not followed: a POST
        # becomes a GET on the way and the alert would be lost without a word.
        with requests.post(
            order["address"],
            json=order["alert"],
            timeout=order["seconds"],
            stream=True,
            allow_redirects=False,
        ) as answer:
            status = answer.status_code
    except requests.Timeout:
        sys.exit(_said("the web address does not answer in time"))
    except ValueError:  # among them InvalidURL
        sys.exit(_said("the web address is none"))
    except OSError:  # among them all other RequestExceptions
        sys.exit(_said("the web address can't be reached"))
    if not 200 <= status < 300:
        moved = "; give the address that it has moved to" if 300 <= status < 400 else ""
        sys.exit(_said(f"the web address answered {status}{moved}"))


def _said(reason):
    print(reason)
    return 1


if __name__ == "__main__":
    main()
