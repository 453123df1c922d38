"""A browser that is on this machine, driven by Playwright.

It prints the book, and the tests look at pages with it.
"""

import os
import shutil
from pathlib import Path

from course_utils.errors import CourseError

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    *(
        str(Path(os.environ[name], *parts))
        for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        if name in os.environ
        for parts in (
            ("Google", "Chrome", "Application", "chrome.exe"),
            ("Microsoft", "Edge", "Application", "msedge.exe"),
        )
    ),
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser():
    """Return the path of Chromium, Chrome or Edge on this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None) or next(
        filter(os.path.exists, PLACES), None
    )


def print_page(address, path, browser):
    """Print a web page to a PDF file: unfolded, with an outline and tags for screen readers.

    Parameters
    ----------
    address : str
        Of the page.
    path : path-like
        The PDF file to write.
    browser : str
        From `find_browser`.

    Raises
    ------
    CourseError
        When a file that the page asks for, a picture or a style, can't be had.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=list(FLAGS))
        page = chromium.new_page()
        page.set_default_timeout(300_000)
        missing = []
        page.on(
            "requestfailed",
            lambda request: (
                missing.append(request.url)
                if request.resource_type in ("image", "stylesheet")
                else None
            ),
        )
        page.goto(address, wait_until="load")
        page.evaluate(
            "document.querySelectorAll('details').forEach((details) => { details.open = true; })"
        )
        page.evaluate("window.MathJax && MathJax.startup && MathJax.startup.promise")
        page.evaluate(
            "Promise.all([...document.images].map((image) => {"
            " image.loading = 'eager'; return image.decode().catch(() => null); }))"
        )
        page.pdf(
            path=path,
            format="A4",
            scale=0.75,
            print_background=True,
            tagged=True,
            outline=True,
            margin={"top": "16mm", "bottom": "16mm", "left": "14mm", "right": "14mm"},
        )
        chromium.close()
    if missing:
        raise CourseError(
            f"The book was not printed: {len(missing)} pictures or styles of its page are missing,"
            f" {missing[0].rpartition('/')[2]} among them. Remove book/_build and try again."
        )
