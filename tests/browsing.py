"""What the tests with a real browser share: the browser, a page that tells what it loads, and
JupyterLab as a process.
"""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from course_utils.command.browser import FLAGS, find_browser

BROWSER = find_browser()
PATIENCE = 90_000  # milliseconds: a kernel that imports much on a machine whose cores are all taken
expect.set_options(timeout=PATIENCE)
needs_browser = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium, Chrome or Edge on this machine: these tests need a real browser",
)


ONLY_HERE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"


@contextmanager
def chromium(*flags):
    """Start a browser that reaches this machine alone; it ends with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=BROWSER, args=[*FLAGS, ONLY_HERE, *flags]
        )
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of which is written down what it asks for elsewhere, where `chromium` does not let it,
    and its errors.

    Requests are listened to and not held up: a browser whose requests are held up keeps none of the
    site's scripts and styles from one page to the next.

    Attributes
    ----------
    page : playwright.sync_api.Page
    elsewhere : list of str
        Addresses that the page asked for outside of 127.0.0.1.
    errors : list of str
        Errors of the console, uncaught exceptions, and requests that failed on this machine.
    """

    def __init__(self, browser, **options):
        self.elsewhere, self.errors = [], []
        self.context = browser.new_context(**options)
        self.context.on("request", self._asks)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._says)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "response",
            lambda response: (
                self.errors.append(f"{response.status} {response.url}")
                if response.status >= 400
                else None
            ),
        )

    def forget(self):
        """Forget what was written down, and return the page for another test.

        A program that it has loaded before, and is loaded again, is compiled already.
        """
        self.elsewhere.clear()
        self.errors.clear()
        return self.page

    def _says(self, message):
        its_own = message.location["url"].endswith("/favicon.ico")  # no page names one
        if message.type == "error" and not its_own:
            self.errors.append(message.text)

    def _asks(self, request):
        address = urllib.parse.urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname != "127.0.0.1":
            self.elsewhere.append(request.url)


def wait_for_kernel(page):
    """Wait until the open notebook can run cells.

    A cell that is run before asks for a kernel instead, in a dialogue that covers the page.
    """
    expect(page.get_by_text("| Idle")).to_be_visible()


def run_first_cell(page):
    wait_for_kernel(page)
    page.locator(".jp-Notebook .jp-Cell").first.click()
    page.keyboard.press("Shift+Enter")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_jupyterlab(root, settings_in, **environment):
    """Start JupyterLab on a free loopback port, with settings and runtime files of its own; it ends
    with the block.

    Parameters
    ----------
    root : pathlib.Path
        The folder that it shows.
    settings_in : pathlib.Path
        A folder for settings, logs and runtime files.
    **environment : str
        More variables for the server and its kernels.

    Yields
    ------
    callable
        Takes a path below `root`, returns the address that opens it.
    """
    port, token = free_port(), secrets.token_hex(16)
    write_settings(settings_in / "settings")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.user_settings_dir={settings_in / 'settings'}",
        f"--LabApp.workspaces_dir={settings_in / 'spaces'}",
        "--allow-root",
    ]
    log_path = settings_in / "server.log"
    with open(log_path, "w") as log:
        server = subprocess.Popen(
            command,
            cwd=root,
            stdout=log,
            stderr=log,
            env={**os.environ, "JUPYTER_RUNTIME_DIR": str(settings_in / "runtime"), **environment},
        )
    try:
        address = f"http://127.0.0.1:{port}"
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        for _ in range(240):
            assert server.poll() is None, log_path.read_text()
            try:
                opener.open(f"{address}/api?token={token}", timeout=2)
                break
            except OSError:
                time.sleep(0.25)
        yield lambda path: f"{address}/lab/tree/{urllib.parse.quote(path)}?token={token}"
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(20)


def write_settings(folder):
    """No news and no updates from the network; all cells of a notebook in the page, so that a test
    can find them.
    """
    for plugin, settings in (
        ("apputils-extension/notification", {"fetchNews": "false", "checkForUpdates": False}),
        ("notebook-extension/tracker", {"windowingMode": "none"}),
    ):
        path = folder / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))
