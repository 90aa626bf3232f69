"""What outlives a restart of registryd, beside the images: an upload of several requests."""

import os
import signal

from lib import http, images
from lib.daemon import Daemon
from lib.testing import Registry, equal, expect, wait_until


def tests(context):
    yield "restarts keep uploads", lambda: restarts_keep_uploads(context)


def restarts_keep_uploads(context):
    """Also a plain restart, and a crash within a PATCH, leave what was acknowledged; another boot does not, for a power
    cut may have taken bytes that were not on the disk yet."""
    first, more, rest = (images.pattern(f"restart-{part}", 100_000) for part in range(3))
    name = images.digest(first + rest)
    with Daemon(context.registryd, environment={"REGISTRYD_BOOT": "one"}) as daemon:
        registry = Registry(daemon.port)

        def begin():
            location = expect(registry.request("POST", "/v2/a/restarted/blobs/uploads/"), 202).get("Location")
            return expect(registry.request("PATCH", location, {}, first), 202).get("Location")

        for number in (signal.SIGTERM, signal.SIGKILL):
            begun = begin()
            with http.RawConnection(daemon.port) as cut:
                if number == signal.SIGKILL:
                    cut.send(f"PATCH {http.Client.target(begun)} HTTP/1.1\r\nHost: registry.test\r\n"
                             f"Content-Length: {len(more) + 1}\r\n\r\n".encode() + more)
                    wait_until("the piece in the file", lambda: stored_in_uploads(daemon.root) == len(first + more), 10)
                daemon.restart(number)
            stands = expect(registry.request("GET", begun), 204)
            equal(stands.get("Range"), f"0-{len(first) - 1}", f"where the upload stands after signal {number}")
            location = expect(registry.request("PATCH", stands.get("Location"), {}, rest), 202).get("Location")
            expect(registry.request("PUT", http.with_query(location, [("digest", name)])), 201)
            equal(registry.pull_blob("a/restarted", name), first + rest, "the blob")
        begun = begin()
        daemon.environment = {"REGISTRYD_BOOT": "another"}
        daemon.restart()
        refused = registry.request("PATCH", begun, {}, rest)
        equal((refused.status, refused.codes()), (404, ["BLOB_UPLOAD_UNKNOWN"]), "a PATCH after a power cut")


def stored_in_uploads(root):
    """Bytes of all unfinished uploads."""
    return sum(os.path.getsize(os.path.join(folder, "data"))
               for folder, _, files in os.walk(root) if "/_uploads/" in folder and "data" in files)
