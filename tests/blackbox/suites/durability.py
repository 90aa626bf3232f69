"""What was answered 201 is on the disk, whatever happens: order of system calls, kill -9 at exact points, a full disk,
an end in the middle of a push."""

import ctypes
import errno
import os
import shutil
import signal
import tempfile
import threading
import time

from lib import faults, http, images, trace
from lib.daemon import Daemon
from lib.testing import Registry, WrongStatus, check, equal, expect

LAYOUT = "docker/registry/v2"
KILLS_QUICK, KILLS_SLOW = 20, 100
LAG_SECONDS = 12

# name, operations, text in the path, how many matching calls to let pass in turn
KILL_POINTS = [
    ("during PATCH", faults.WRITE, "_uploads/", (0, 1, 2, 5, 9, 14)),
    ("at commit", faults.RENAME, "/blobs/sha", (0, 1, 2)),
    ("at link", faults.RENAME, "/link", (0, 1, 2, 3, 4)),
    ("at index write", faults.WRITE | faults.SYNC, "index.sqlite", (0, 1, 2, 3, 5)),
    ("at sync", faults.SYNC, "docker/registry", (0, 1, 2, 3, 5, 8)),
]


def tests(context):
    yield "201 leaves only after fsync, rename and fsync of the folder", lambda: order_of_calls(context)
    yield "the end of registryd lets a push and a slow pull finish", lambda: drains(context)
    context.tool("gcc")
    with faults.Faults() as plan:
        for point in KILL_POINTS:
            yield f"kill -9 {point[0]}", lambda point=point: kill_loop(context, plan, *point)
        yield "an error of any file operation of a push is a 5xx, and the push can be repeated", \
            lambda: failing_calls(context, plan)
        yield "a full disk under the index breaks no push and no list", lambda: full_index(context, plan)
    yield "a full disk in the middle of a push", lambda: full_disk(context)


# ---- order of system calls


def blob_path(root, digest):
    algorithm, value = digest.split(":")
    return f"{root}/{LAYOUT}/blobs/{algorithm}/{value[:2]}/{value}/data"


def order_of_calls(context):
    context.tool("strace")
    folder = tempfile.mkdtemp(prefix="rha-trace-")
    try:
        output = os.path.join(folder, "trace")
        picture = images.image("traced", layers=1)
        with Daemon(context.registryd, wrapper=[*trace.WRAPPER, output]) as daemon:
            registry = Registry(daemon.port)
            for data in picture.blobs.values():
                registry.push_blob("durable/traced", data)
            registry.push_manifest("durable/traced", "v1", picture.manifest, picture.media_type)
            root = daemon.root
            daemon.stop()
        calls = trace.parse(output)
        found, place, checked = [], 0, 0
        repository = f"{root}/{LAYOUT}/repositories/durable/traced"
        needs = [[blob_path(root, name), f"{repository}/_layers/sha256/{name[7:]}/link"] for name in picture.blobs]
        value = picture.digest[7:]
        needs.append([blob_path(root, picture.digest), f"{repository}/_manifests/revisions/sha256/{value}/link",
                      f"{repository}/_manifests/tags/v1/current/link",
                      f"{repository}/_manifests/tags/v1/index/sha256/{value}/link"])
        for targets in needs:
            end = trace.answer(calls, 201, place)
            check(end is not None, f"no 201 in the trace after place {place}")
            for target in targets:
                found += trace.problems(calls, root, target, place, end)
                checked += 1
            place = end + 1
        check(not found, "\n  ".join(["not durable:", *found]))
        return f"{checked} objects"
    finally:
        shutil.rmtree(folder)


# ---- kill -9


class Ledger:
    """What was answered 201 in one repository, and what was tried."""

    def __init__(self, repository):
        self.repository = repository
        self.blobs = {}      # digest: bytes, answered 201
        self.tried = {}      # digest: bytes, not answered
        self.manifests = {}  # digest: image, answered 201
        self.tags = {}       # tag: (image answered 201 or None, images tried since)

    def push(self, registry, picture, tag):
        """Pushes in chunks, as docker does; raises when the daemon is killed under it."""
        for name, data in picture.blobs.items():
            if name in self.blobs:
                continue
            self.tried[name] = data
            location = expect(registry.request("POST", f"/v2/{self.repository}/blobs/uploads/"), 202).get("Location")
            for start in range(0, len(data), 150000):
                location = expect(registry.request("PATCH", location, None, data[start:start + 150000]),
                                  202).get("Location")
            expect(registry.request("PUT", http.with_query(location, [("digest", name)])), 201)
            self.blobs[name] = self.tried.pop(name)
        known, tried = self.tags.get(tag, (None, []))
        self.tags[tag] = (known, tried + [picture])
        registry.push_manifest(self.repository, tag, picture.manifest, picture.media_type)
        self.manifests[picture.digest] = picture
        self.tags[tag] = (picture, [])

    def check(self, registry):
        """Everything answered is whole; what was only tried is whole or absent; lists and pulls agree."""
        for name, data in self.blobs.items():
            equal(registry.pull_blob(self.repository, name), data, f"blob {name} that was answered 201")
        for name, data in self.tried.items():
            response = expect(registry.request("GET", f"/v2/{self.repository}/blobs/{name}"), 200, 404)
            check(response.status == 404 or response.body == data, f"a part of blob {name} is served")
        for picture in self.manifests.values():
            registry.pull(self.repository, picture)
        pullable = []
        for tag, (known, tried) in self.tags.items():
            response = expect(registry.request("GET", f"/v2/{self.repository}/manifests/{tag}"), 200, 404)
            allowed = [picture.manifest for picture in [known, *tried] if picture]
            if response.status == 404:
                check(known is None, f"tag {tag} was answered 201 and is gone")
            else:
                check(response.body in allowed, f"tag {tag} points to what nobody pushed")
                registry.pull(self.repository, next(p for p in [known, *tried] if p and p.manifest == response.body))
                pullable.append(tag)
        self.check_list(registry, pullable)

    def check_list(self, registry, pullable):
        """The index may lag until its next round after a crash or a full disk, no longer."""
        deadline = time.monotonic() + LAG_SECONDS
        while True:
            listed = registry.tags(self.repository)
            if listed == sorted(pullable):
                return
            check(time.monotonic() < deadline, f"tags listed: {listed}, tags that can be pulled: {sorted(pullable)}")
            time.sleep(0.1)


def kill_loop(context, plan, name, operations, text, skips):
    wanted, killed, runs = KILLS_SLOW if context.slow else KILLS_QUICK, 0, 0
    with Daemon(context.registryd, environment=plan.environment()) as daemon:
        ledger = Ledger("durable/kill")
        while killed < wanted:
            check(runs < wanted * 3, f"only {killed} of {runs} runs reached the kill point")
            registry = Registry(daemon.port)
            picture = images.image(f"{name}-{runs}", layers=2, layer_size=400000)
            action = faults.KILL_BEFORE if runs % 2 else faults.KILL_AFTER
            plan.arm(operations, text, action, skip=skips[runs // 2 % len(skips)])
            died = False
            try:
                ledger.push(registry, picture, f"t{runs % 7}")
            except http.BROKEN:
                died = True
            hit = plan.disarm()
            check(not died or hit == 1, f"the push broke off without a kill:\n{daemon.log()[-800:]}")
            killed += hit
            runs += 1
            if hit:
                equal(daemon.wait(10), -signal.SIGKILL, "exit code")
                daemon.start()
                if runs % 5 == 0 or killed == wanted:
                    ledger.check(Registry(daemon.port))
                ledger.push(Registry(daemon.port), picture, f"t{(runs - 1) % 7}")
        ledger.check(Registry(daemon.port))
        daemon.restart(signal.SIGKILL)
        ledger.check(Registry(daemon.port))
    return f"{killed} kills in {runs} pushes, {len(ledger.blobs)} blobs and {len(ledger.manifests)} manifests whole"


# ---- a disk that fails


def failing_calls(context, plan):
    """Each kind of operation fails once, at each of its calls in turn, until a push meets no failure."""
    total = 0
    with Daemon(context.registryd, environment=plan.environment()) as daemon:
        ledger = Ledger("durable/failing")
        registry = Registry(daemon.port)
        for number, (operation, error) in enumerate([
                (faults.WRITE, errno.ENOSPC), (faults.SYNC, errno.EIO), (faults.RENAME, errno.ENOSPC),
                (faults.MKDIR, errno.ENOSPC), (faults.SYNC, errno.ENOSPC)]):
            for skip in range(40):
                picture = images.image(f"failing-{number}-{skip}", layers=1)
                plan.arm(operation, "docker/registry", faults.FAIL, skip, error)
                status = push_once(registry, ledger, picture)
                hit = plan.disarm()
                total += hit
                check(daemon.alive(), "the daemon died of a file error")
                if not hit:
                    equal(status, 201, "status of a push without a fault")
                    break
                check(status == 201 or status >= 500, f"a file error was answered {status}")
                ledger.push(registry, picture, "latest")  # the same again, on a good disk
        ledger.check(registry)
        daemon.restart(signal.SIGKILL)
        ledger.check(Registry(daemon.port))
    check(total >= 20, f"only {total} failures were met")
    return f"{total} failures"


def push_once(registry, ledger, picture, tag="latest"):
    """The first status that is not a success, else 201."""
    try:
        ledger.push(registry, picture, tag)
        return 201
    except WrongStatus as wrong:
        return wrong.status


def full_index(context, plan):
    with Daemon(context.registryd, environment=plan.environment()) as daemon:
        registry = Registry(daemon.port)
        ledger = Ledger("durable/index")
        ledger.push(registry, images.image("before", layers=1), "before")
        plan.arm(faults.WRITE | faults.SYNC, "index.sqlite-wal", faults.FAIL, 0, errno.ENOSPC, times=1000000)
        statuses = []
        for number in range(3):
            picture = images.image(f"meanwhile-{number}", layers=1)
            statuses.append(push_once(registry, ledger, picture, f"meanwhile-{number}"))
            check(statuses[-1] == 201 or statuses[-1] >= 500, f"a full disk of the index was answered {statuses[-1]}")
        registry.pull("durable/index", images.image("before", layers=1), "before")
        hits = plan.disarm()
        check(hits > 0, "the index was never written")
        ledger.push(registry, images.image("after", layers=1), "after")
        ledger.check(registry)
        daemon.restart()
        ledger.check(Registry(daemon.port))
    return f"{hits} failed writes, pushes meanwhile: {statuses}"


def full_disk(context):
    if os.geteuid() != 0:
        context.cannot("a small disk can be mounted by root only")
    folder = tempfile.mkdtemp(prefix="rha-full-")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, b"size=24m") != 0:
        os.rmdir(folder)
        context.cannot(f"tmpfs cannot be mounted: {os.strerror(ctypes.get_errno())}")
    try:
        return on_small_disk(context, folder)
    finally:
        libc.umount2(folder.encode(), 2)
        os.rmdir(folder)


def free_bytes(folder):
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def wait_for_space(folder, before):
    deadline = time.monotonic() + 5
    while free_bytes(folder) < before - 512 * 1024:
        check(time.monotonic() < deadline, f"space not given back: {before} free before, {free_bytes(folder)} now")
        time.sleep(0.1)


def on_small_disk(context, folder):
    with Daemon(context.registryd, root=folder) as daemon:
        registry = Registry(daemon.port)
        small = images.image("small")
        registry.push("durable/full", small, "v1")
        before = free_bytes(folder)
        failed, others = [], []
        stop = threading.Event()
        reader = threading.Thread(target=keep_pulling, args=(daemon.port, small, stop, others))
        reader.start()
        try:
            for chunked in (False, True):
                failed.append(push_too_much(daemon.port, chunked))
                wait_for_space(folder, before)
        finally:
            stop.set()
            reader.join()
        check(all(status >= 500 for status in failed), f"a full disk was answered {failed}")
        check(others and all(each == "ok" for each in others), f"pulls meanwhile: {set(others)}")
        check(daemon.alive(), "the daemon died")
        registry.push("durable/full", images.image("after", layer_size=1000000), "v2")
        registry.pull("durable/full", images.image("after", layer_size=1000000), "v2")
        registry.pull("durable/full", small, "v1")
    return f"statuses {failed}, {len(others)} pulls meanwhile"


def keep_pulling(port, picture, stop, results):
    while not stop.is_set() or not results:
        try:
            Registry(port).pull("durable/full", picture, "v1")
            results.append("ok")
        except Exception as error:  # pylint: disable=broad-except  (reported by the test)
            results.append(repr(error))
        time.sleep(0.01)


def push_too_much(port, chunked):
    """Pushes 40 MiB where 24 fit; the answer may come while the body is still being sent."""
    location = expect(Registry(port).request("POST", "/v2/durable/full/blobs/uploads/"), 202).get("Location")
    with http.RawConnection(port) as connection:
        coding = "Transfer-Encoding: chunked" if chunked else "Content-Length: 41943040"
        connection.send(f"PATCH {http.Client.target(location)} HTTP/1.1\r\nHost: r\r\n{coding}\r\n\r\n")
        block = b"10000\r\n" + b"x" * 65536 + b"\r\n" if chunked else b"x" * 65536
        try:
            for _ in range(640):
                connection.send(block)
            if chunked:
                connection.send(b"0\r\n\r\n")
        except ConnectionError:
            pass
        return connection.read_response().status


# ---- the end


def drains(context):
    size = 24 * 1024 * 1024
    data = images.pattern("slow", size)
    name = images.digest(data)
    with Daemon(context.registryd) as daemon:
        registry = Registry(daemon.port)
        registry.push_blob("durable/drain", data)
        location = expect(registry.request("POST", "/v2/durable/drain/blobs/uploads/"), 202).get("Location")
        pushed = images.pattern("pushed", 500000)
        target = http.with_query(http.Client.target(location), [("digest", images.digest(pushed))])
        with http.RawConnection(daemon.port, receive_buffer=65536) as pull, http.RawConnection(daemon.port) as push, \
                http.RawConnection(daemon.port) as idle:
            pull.request("GET", f"/v2/durable/drain/blobs/{name}")
            status, _, headers = pull.read_head()
            equal((status, len(pull.buffer) < size), (200, True), "the slow pull")
            push.send(f"PUT {target} HTTP/1.1\r\nHost: r\r\nContent-Length: {len(pushed)}\r\n\r\n")
            push.send(pushed[:200000])
            time.sleep(0.3)
            daemon.send_signal(signal.SIGTERM)
            check(idle.is_closed(), "an idle connection is not closed at the end")
            check(refuses(daemon.port), "new connections are still taken after SIGTERM")
            push.send(pushed[200000:])
            equal(push.read_response().status, 201, "the push that was under way")
            time.sleep(0.3)
            equal(pull.read_bytes(size), data, "the pull that was under way")
            equal(dict(headers).get("Content-Length"), str(size), "its length")
        equal(daemon.wait(20), 0, "exit code")
        daemon.start()
        equal(Registry(daemon.port).pull_blob("durable/drain", images.digest(pushed)), pushed, "the pushed blob")


def refuses(port):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with http.RawConnection(port, timeout=2) as connection:
                connection.request("GET", "/v2/")
                connection.read_response()
        except (OSError, http.ProtocolError):
            return True
        time.sleep(0.05)
    return False
