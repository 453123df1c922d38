"""A worker of `course train --workers`: `python -m course_utils.training.worker ORDER`."""

import json
import sys

from course_utils.errors import CourseError
from course_utils.training.job import INTERRUPTED, Order, train


def main():
    """Train as the order in the first argument says."""
    try:
        account = train(
            Order(**json.loads(sys.argv[1])), lambda sentence: print(sentence, flush=True)
        )
    except CourseError as error:
        sys.exit(f"course: {error}")
    sys.exit(INTERRUPTED if account["interrupted"] else 0)


if __name__ == "__main__":
    main()
