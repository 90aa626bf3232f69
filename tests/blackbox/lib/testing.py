"""What a suite needs from the runner: skipping with a reason, checking, pushing and pulling."""

import os
import shutil
import subprocess
import time

from lib import http, images


class Skip(Exception):
    """The test cannot run here; the reason is printed."""


class Context:
    """The runner's options, given to every suite."""

    def __init__(self, registryd, seed, slow, sanitized=False):
        self.registryd = registryd
        self.seed = seed
        self.slow = slow
        self.sanitized = sanitized  # such a program is several times slower and keeps what it has freed
        self.patience = 10 if sanitized else 1  # how many times as long as promised something may take
        self.ci = os.environ.get("CI") == "true"

    def tool(self, *names):
        """The path of the first tool that is installed. None: a skip, or a failure in CI."""
        for name in names:
            path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
            if path:
                return path
        self.cannot(f"{' or '.join(names)} is not installed")
        return None

    def cannot(self, reason):
        if self.ci:
            raise AssertionError(f"{reason} (never skipped in CI)")
        raise Skip(reason)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def equal(actual, expected, what):
    if actual != expected:
        raise AssertionError(f"{what}: expected {_short(expected)}, got {_short(actual)}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 600 else text[:400] + f"… ({len(text)} characters)"


def wait_until(what, ready, seconds=20):
    deadline = time.monotonic() + seconds
    while not ready():
        check(time.monotonic() < deadline, f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


class WrongStatus(AssertionError):
    """An answer with a status that was not expected."""

    def __init__(self, response, statuses):
        super().__init__(f"expected status {' or '.join(map(str, statuses))}, got {response!r}")
        self.status = response.status


def expect(response, *statuses):
    """The response, if it has one of the statuses."""
    if response.status not in statuses:
        raise WrongStatus(response, statuses)
    return response


def run(arguments, timeout=120, **options):
    """Runs a tool; its output is shown if it fails."""
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=timeout, check=False, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, arguments))}: exit code {done.returncode}\n"
                             f"{done.stdout.decode(errors='replace')[-3000:]}")
    return done.stdout.decode(errors="replace")


class Registry:
    """Pushes and pulls over the API, checking every answer."""

    def __init__(self, port, timeout=30):
        self.client = http.Client(port, timeout=timeout)

    def request(self, *arguments, **options):
        return self.client.request(*arguments, **options)

    def push_blob(self, repository, data, algorithm="sha256"):
        name = images.digest(data, algorithm)
        start = expect(self.request("POST", f"/v2/{repository}/blobs/uploads/"), 202)
        target = http.with_query(start.get("Location"), [("digest", name)])
        expect(self.request("PUT", target, {"Content-Type": "application/octet-stream"}, data), 201)
        return name

    def push_manifest(self, repository, reference, manifest, media_type):
        return expect(self.request("PUT", f"/v2/{repository}/manifests/{reference}", {"Content-Type": media_type},
                                   manifest), 201)

    def push(self, repository, picture, reference=None):
        """An image with its blobs, or an index with its children."""
        for child in picture.children:
            self.push(repository, child)
        for data in picture.blobs.values():
            self.push_blob(repository, data)
        return self.push_manifest(repository, reference or picture.digest, picture.manifest, picture.media_type)

    def pull_blob(self, repository, name):
        response = expect(self.request("GET", f"/v2/{repository}/blobs/{name}"), 200)
        equal(images.digest(response.body, name.split(":")[0]), name, f"digest of the blob of {repository} as pulled")
        return response.body

    def pull(self, repository, picture, reference=None):
        """Pulls it and compares all bytes with what was pushed."""
        target = f"/v2/{repository}/manifests/{reference or picture.digest}"
        response = expect(self.request("GET", target, {"Accept": picture.media_type}), 200)
        equal(response.body, picture.manifest, f"manifest {target}")
        equal(response.get("Docker-Content-Digest"), picture.digest, f"digest header of {target}")
        for name, data in picture.blobs.items():
            equal(self.pull_blob(repository, name), data, f"blob {name}")
        for child in picture.children:
            self.pull(repository, child)

    def await_lists(self, seconds=60):
        """Until the index is complete, lists are answered with 503."""
        deadline = time.monotonic() + seconds
        while self.request("GET", "/v2/_catalog").status == 503 and time.monotonic() < deadline:
            time.sleep(0.1)

    def tags(self, repository):
        """All tags; [] for an unknown repository."""
        response = expect(self.request("GET", f"/v2/{repository}/tags/list"), 200, 404)
        return response.json()["tags"] if response.status == 200 else []
