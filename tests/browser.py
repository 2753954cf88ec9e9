"""Chromium without a window, spoken to over a pipe: opens a page, fills its fields, runs a line of script.

The DevTools protocol over `--remote-debugging-pipe` is JSON between null bytes; no driver program is needed.
Reference: https://chromedevtools.github.io/devtools-protocol/.
"""

import contextlib
import json
import os
import subprocess
import time

FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-pipe",
    "about:blank",
]


class Page:
    """One open page; `console` is all it complained of, a refused request among it."""

    def __init__(self, ask, answers):
        self._ask, self._answers, self._number = ask, answers, 0
        self._session = None
        self.console = []
        target = next(t for t in self._call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        attached = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self._call(f"{domain}.enable")

    def _call(self, method, **parameters):
        self._number += 1
        asked = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        self._ask.write(json.dumps(asked).encode() + b"\0")
        self._ask.flush()
        while True:
            said = self._next()
            if said.get("id") == self._number:
                assert "error" not in said, said
                return said["result"]

    def _next(self):
        said = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "the browser has ended"
            said += byte
        message = json.loads(said)
        if message.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
            self.console.append(message["params"])
        return message

    def open(self, address):
        """Go to an address and wait until it has loaded."""
        self._call("Page.navigate", url=address)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def run(self, script):
        """The value of a script's last expression, waited for if it is a promise."""
        got = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got["exceptionDetails"]
        return got["result"].get("value")

    def wait(self, holds, *, patience_s=20.0):
        """Ask again and again until `holds` gives something true; gives that."""
        end = time.monotonic() + patience_s
        while not (value := holds()):
            assert time.monotonic() < end, "it never came true"
            time.sleep(0.02)
        return value

    def choose(self, selector, *paths):
        """Choose files, or a folder, in a file field, as a person does in its dialogue."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.setFileInputFiles", nodeId=node, files=list(map(str, paths)))

    def save_into(self, folder):
        """Where downloads go."""
        self._call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))


@contextlib.contextmanager
def page(profile):
    """A page in a browser of its own, whose profile is kept in an empty folder."""
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    swapped = f'exec 3<&{their_in} 4>&{their_out}; exec chromium "$@"'
    with (
        subprocess.Popen(
            ["bash", "-c", swapped, "chromium", f"--user-data-dir={profile}", *FLAGS],
            pass_fds=(their_in, their_out),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as browser,
        os.fdopen(our_out, "wb") as ask,
        os.fdopen(our_in, "rb") as answers,
    ):
        os.close(their_in)
        os.close(their_out)
        try:
            yield Page(ask, answers)
        finally:
            browser.terminate()
