"""One registryd hands over to the next while clients push and pull: nothing is refused, nothing breaks off, nothing is
lost; and where the next one does not come up, the old one goes on."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import threading
import time

from lib import http, images
from lib.daemon import Daemon, free_ports
from lib.site import Site, authorization, hash_of
from lib.testing import Registry, check, equal, expect, wait_until

BLOCK = 1024 * 1024
SLOW_BLOCKS = 256
REFUSED = "the old process goes on serving"


def tests(context):
    for function in (load_runs_across, acknowledged_bytes_stay, an_upload_has_one_writer, what_the_old_one_dies_over,
                     second_while_one_finishes, sigterm_ends_one_that_finishes, sigusr2_hands_over,
                     broken_program_changes_nothing, broken_settings_change_nothing, killed_while_it_starts,
                     other_storage_is_refused, other_addresses_are_refused, status_tells_the_settings,
                     to_an_older_version, memory_is_refused, deadline_cuts_off):
        yield function.__name__.replace("_", " "), lambda function=function: function(context)
    yield "changed rules reach connections of the old process", lambda: rules_reach_the_old_one(context)
    yield "a passive registry that was made active shows its successor every change", lambda: made_active(context)


class Installed(Daemon):
    """A registryd whose program file can be replaced, as by an upgrade; each hand-over makes another process the present
    one. Those that were replaced may go on: close() ends them all."""

    def __init__(self, binary, **options):
        self.original = os.path.abspath(binary)
        super().__init__(binary, control=True, **options)
        self.binary = os.path.join(self.folder, "registryd")
        shutil.copy(self.original, self.binary)
        self.processes = []

    def start(self):
        super().start()
        self.processes = [self.process.pid]
        return self

    @property
    def pid(self):
        return self.processes[-1]

    def command(self, *arguments):
        return subprocess.run([self.original, "--config", os.path.join(self.folder, "registryd.yaml"), *arguments],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)

    def ask(self):
        return self.command("--hand-over")

    def hand_over(self):
        done = self.ask()
        equal(done.returncode, 0, f"exit code of --hand-over ({done.stderr})")
        before = self.pid
        words = done.stdout.split()
        equal(int(words[4]), before, f"the process that was replaced, in {done.stdout!r}")
        self.processes.append(int(words[1]))
        return before

    def control_command(self, name):
        """Over the control socket, where the answer comes when it is done."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(self.control)
            connection.sendall(json.dumps({"command": name}).encode() + b"\n")
            answer = json.loads(connection.makefile().readline())
        check(answer["ok"], f"{name}: {answer}")
        return answer["result"]

    def install(self, content=None):
        """Another program in place of the one that runs: None, the same program anew."""
        fresh = self.binary + ".new"
        if content is None:
            shutil.copy(self.original, fresh)
        else:
            with open(fresh, "w", encoding="utf-8") as file:
                file.write(content)
            os.chmod(fresh, stat.S_IRWXU)
        os.rename(fresh, self.binary)

    def runs(self, pid):
        """Whether that process, one of ours, still runs."""
        if pid == self.process.pid:
            return self.process.poll() is None
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return self.binary.encode() in file.read()
        except OSError:
            return False

    def wait_for_end(self, pid, seconds=20):
        wait_until(f"the end of process {pid}", lambda: not self.runs(pid), seconds)

    def close(self):
        for pid in self.processes[1:]:
            if self.runs(pid):
                os.kill(pid, signal.SIGKILL)
                self.wait_for_end(pid)
        super().close()

    def still_serves(self, pid):
        equal(self.processes[-1], pid, "present process")
        check(self.runs(pid), "the old process has ended")
        expect(http.Client(self.port).request("GET", "/v2/"), 200)
        check("event=hand_over_failed" in self.log(), "the log does not say that the hand-over failed")


class Load:
    """Clients that work until told to stop; what went wrong is in `faults`."""

    def __init__(self, port, works):
        self.port = port
        self.over = threading.Event()
        self.faults = []
        self.counts = {}
        self.pushed = []
        self.half, self.go_on = threading.Event(), threading.Event()  # of what outlasts the hand-overs
        self.threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _guarded(self, work):
        try:
            work(self)
        except Exception as error:  # pylint: disable=broad-except  (any failure of a client is a finding)
            self.faults.append(f"{work.__name__}: {error!r}")

    def count(self, name):
        self.counts[name] = self.counts.get(name, 0) + 1


def push_all_the_time(load):
    registry = Registry(load.port)
    number = 0
    while not load.over.is_set():
        number += 1
        picture = images.image(f"pushed-{number}", layers=1)
        registry.push("load/pushed", picture, f"v{number}")
        load.pushed.append((number, picture))
        load.count("pushes")


def pull_on_one_connection(load):
    """A client keeps its connection for as long as the answers do not end it, and never has to try again."""
    registry = Registry(load.port)
    registry.client.keep = True
    while not load.over.is_set():
        for number, picture in load.pushed[-3:]:
            registry.pull("load/pushed", picture, f"v{number}")
            load.count("pulls")
        time.sleep(0.005)


def ask_on_new_connections(load):
    while not load.over.is_set():
        expect(http.Client(load.port).request("GET", "/v2/"), 200)
        load.count("asks")


def list_all_the_time(load):
    """Lists are answered throughout, whichever process does it, and have all that was answered 201."""
    registry = Registry(load.port)
    while not load.over.is_set():
        known = {f"v{number}" for number, _ in load.pushed[:]}
        missing = known - set(registry.tags("load/pushed")) if known else set()
        check(not missing, f"pushed before, and not in the list: {sorted(missing)}")
        expect(registry.request("GET", "/v2/_catalog"), 200)
        load.count("lists")
        time.sleep(0.02)


def slow_push(load, blocks=SLOW_BLOCKS):
    """One request that outlasts all hand-overs: it ends when the test says so."""
    block = images.pattern("slow", BLOCK)
    name = hashlib.sha256()
    for _ in range(blocks):
        name.update(block)

    def body():
        for number in range(blocks):
            if number == blocks // 2:
                load.half.set()
            if number > blocks // 2:
                load.go_on.wait(60)
            yield block

    registry = Registry(load.port, timeout=120)
    start = expect(registry.request("POST", "/v2/load/slow/blobs/uploads/"), 202)
    target = http.with_query(start.get("Location"), [("digest", "sha256:" + name.hexdigest())])
    headers = {"Content-Length": str(blocks * BLOCK)}
    expect(registry.request("PUT", target, headers, body()), 201)
    answer = expect(registry.request("HEAD", f"/v2/load/slow/blobs/sha256:{name.hexdigest()}"), 200)
    equal(answer.get("Content-Length"), str(blocks * BLOCK), "size of the slow layer")


def load_runs_across(context):
    works = [push_all_the_time, pull_on_one_connection, ask_on_new_connections, ask_on_new_connections,
             list_all_the_time, slow_push]
    with Installed(context.registryd) as daemon:
        return hand_over_under_load(daemon, works)


def hand_over_under_load(daemon, works, times=3, least=5, counts=("pushes", "pulls", "asks", "lists")):
    """Those of `counts` get on by `least` steps after each hand-over; the last work outlasts all of them."""
    load = Load(daemon.port, works)
    with load:
        try:
            check(load.half.wait(60), f"the slow push has not begun ({load.faults})")
            replaced = []
            for _ in range(times):
                daemon.install()
                replaced.append(daemon.hand_over())
                seen = dict(load.counts)
                wait_until(f"progress of all clients after a hand-over ({load.counts})",
                           lambda seen=seen: load.faults or all(load.counts.get(name, 0) > seen.get(name, 0) + least
                                                                for name in counts), 30)
            check(daemon.runs(replaced[0]), f"the process with the slow push has ended before it ({load.faults})")
        finally:
            load.go_on.set()
        load.threads[-1].join(60)
    equal(load.faults, [], "failures of clients")
    for pid in replaced:
        daemon.wait_for_end(pid)
    registry = Registry(daemon.port)
    for number, picture in load.pushed:
        registry.pull("load/pushed", picture, f"v{number}")
    equal(set(registry.tags("load/pushed")), {f"v{number}" for number, _ in load.pushed}, "tags in the list")
    check("level=error" not in daemon.log(), "the log has an error")
    return f"{load.counts}"


def acknowledged_bytes_stay(context):
    """An upload of many PATCHes goes on through the new process."""
    data = images.pattern("patches", 300_000)
    with Installed(context.registryd) as daemon:
        registry = Registry(daemon.port)
        location = expect(registry.request("POST", "/v2/a/patches/blobs/uploads/"), 202).get("Location")
        for begin in range(0, len(data), 100_000):
            answer = expect(registry.request("PATCH", location, {"Content-Range": f"{begin}-{begin + 99_999}"},
                                             data[begin:begin + 100_000]), 202)
            equal(answer.get("Range"), f"0-{begin + 99_999}", "what was acknowledged")
            location = answer.get("Location")
            daemon.hand_over()
        name = images.digest(data)
        expect(registry.request("PUT", http.with_query(location, [("digest", name)])), 201)
        equal(registry.pull_blob("a/patches", name), data, "the blob")


def an_upload_has_one_writer(context):
    """While the old process receives a PATCH, the new one lets nobody write there; afterwards it knows what was stored."""
    data = images.pattern("one-writer", 200_000)
    with Installed(context.registryd) as daemon:
        registry = Registry(daemon.port)
        begun = expect(registry.request("POST", "/v2/a/one/blobs/uploads/"), 202).get("Location")
        first = expect(registry.request("PATCH", begun, {}, data[:50_000]), 202).get("Location")
        with http.RawConnection(daemon.port) as old:
            old.send(f"PATCH {http.Client.target(first)} HTTP/1.1\r\nHost: registry.test\r\nExpect: 100-continue\r\n"
                     f"Content-Length: 50000\r\n\r\n")
            equal(old.read_response(skip_continue=False).status, 100, "the PATCH is under way")
            old.send(data[50_000:80_000])
            daemon.hand_over()
            refused = registry.request("PATCH", first, {}, data[50_000:60_000])
            equal(refused.status, 503, "a second writer")
            old.send(data[80_000:100_000])
            location = expect(old.read_response(), 202).get("Location")
        equal(registry.request("PATCH", first, {}, data[50_000:60_000]).status, 416, "a PATCH from where it no longer is")
        location = expect(registry.request("PATCH", location, {}, data[100_000:]), 202).get("Location")
        name = images.digest(data)
        expect(registry.request("PUT", http.with_query(location, [("digest", name)])), 201)
        equal(registry.pull_blob("a/one", name), data, "the blob")


def hold_a_request(daemon):
    """A connection whose request has begun and not ended: its process has something to finish."""
    connection = http.RawConnection(daemon.port)
    location = expect(Registry(daemon.port).request("POST", "/v2/held/x/blobs/uploads/"), 202).get("Location")
    connection.send(f"PATCH {http.Client.target(location)} HTTP/1.1\r\nHost: registry.test\r\n"
                    f"Expect: 100-continue\r\nContent-Length: 10\r\n\r\n")
    equal(connection.read_response(skip_continue=False).status, 100, "the request is under way")
    return connection


def what_the_old_one_dies_over(context):
    """The old process is killed with a push in it: the new one's lists have what was answered 201, and nothing breaks."""
    picture = images.image("dies", layers=1)
    with Installed(context.registryd) as daemon:
        registry = Registry(daemon.port)
        for data in picture.blobs.values():
            registry.push_blob("a/dies", data)
        with hold_a_request(daemon), http.RawConnection(daemon.port) as old:
            head = (f"PUT /v2/a/dies/manifests/late HTTP/1.1\r\nHost: registry.test\r\nExpect: 100-continue\r\n"
                    f"Content-Type: {picture.media_type}\r\nContent-Length: {len(picture.manifest)}\r\n\r\n")
            old.send(head)
            equal(old.read_response(skip_continue=False).status, 100, "the push is under way")
            before = daemon.hand_over()
            equal(daemon.control_command("status")["predecessor"]["pid"], before, "the predecessor in the status")
            equal(registry.tags("a/dies"), [], "tags before")
            old.send(picture.manifest)
            expect(old.read_response(), 201)
            os.kill(before, signal.SIGKILL)
        registry.pull("a/dies", picture, "late")
        wait_until("the tag in the list", lambda: registry.tags("a/dies") == ["late"], 10)
        registry.push("a/dies", images.image("after", layers=1), "after")
        wait_until("both tags in the list", lambda: registry.tags("a/dies") == ["after", "late"], 10)


def second_while_one_finishes(context):
    with Installed(context.registryd) as daemon:
        with hold_a_request(daemon) as held:
            first = daemon.hand_over()
            second = daemon.hand_over()
            check(daemon.runs(first) and daemon.runs(second), "a process has ended before the one before it")
            held.send(b"0123456789")
            expect(held.read_response(), 202)
        daemon.wait_for_end(first)
        daemon.wait_for_end(second)
        expect(http.Client(daemon.port).request("GET", "/v2/"), 200)


def sigterm_ends_one_that_finishes(context):
    with Installed(context.registryd) as daemon:
        with hold_a_request(daemon) as held:
            before = daemon.hand_over()
            os.kill(before, signal.SIGTERM)
            held.send(b"0123456789")
            expect(held.read_response(), 202)
            daemon.wait_for_end(before)
        expect(http.Client(daemon.port).request("GET", "/v2/"), 200)
        check(os.path.exists(daemon.control), "the old process has removed the new one's control socket")


def sigusr2_hands_over(context):
    with Installed(context.registryd) as daemon:
        before = daemon.pid
        daemon.send_signal(signal.SIGUSR2)
        wait_until("the start of a new process that takes over", lambda: "event=took_over" in daemon.log(), 10)
        daemon.processes.append(int(daemon.log().split("event=handed_over successor=")[1].split()[0]))
        daemon.wait_for_end(before)
        expect(http.Client(daemon.port).request("GET", "/v2/"), 200)


def refused(daemon, reason, status=1):
    before = daemon.pid
    done = daemon.ask()
    equal(done.returncode, status, f"exit code of --hand-over ({done.stdout})")
    check(reason in done.stderr and REFUSED in done.stderr, f"--hand-over does not say why: {done.stderr!r}")
    daemon.still_serves(before)
    check(os.path.exists(daemon.control), "the control socket is gone")


def change_settings(daemon, before, after):
    path = os.path.join(daemon.folder, "registryd.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    check(before in text, f"the settings have no {before}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(before, after))


def broken_program_changes_nothing(context):
    with Installed(context.registryd) as daemon:
        daemon.install("no program\n")
        refused(daemon, "Exec format error")
        daemon.install("#!/bin/sh\necho 'cannot start: I am broken' >&2\nexit 1\n")
        refused(daemon, "ended before it served")
        check("I am broken" in daemon.log(), "the log does not have what the new program said")
        os.remove(daemon.binary)
        refused(daemon, "No such file")
        daemon.install()
        daemon.wait_for_end(daemon.hand_over())


def broken_settings_change_nothing(context):
    with Installed(context.registryd) as daemon:
        path = os.path.join(daemon.folder, "registryd.yaml")
        with open(path, encoding="utf-8") as file:
            good = file.read()
        with open(path, "a", encoding="utf-8") as file:
            file.write("nonsense: 1\n")
        done = daemon.ask()
        equal(done.returncode, 1, "exit code with settings that it cannot read itself")
        check("nonsense" in done.stderr, f"--hand-over does not name the error: {done.stderr!r}")
        before = daemon.pid
        daemon.send_signal(signal.SIGUSR2)
        wait_until("the failed hand-over in the log", lambda: "event=hand_over_failed" in daemon.log(), 10)
        daemon.still_serves(before)
        with open(path, "w", encoding="utf-8") as file:
            file.write(good)
        daemon.wait_for_end(daemon.hand_over())


def killed_while_it_starts(context):
    with Installed(context.registryd) as daemon:
        marker = os.path.join(daemon.folder, "started")
        daemon.install(f"#!/bin/sh\necho $$ >{marker}.new\nmv {marker}.new {marker}\nsleep 100 & wait\n")

        def kill():
            wait_until("the start of the new program", lambda: os.path.exists(marker), 10)
            with open(marker, encoding="ascii") as file:
                pid = int(file.read())
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                children = file.read().split()
            for each in [pid, *map(int, children)]:
                os.kill(each, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            refused(daemon, "ended before it served")
        finally:
            killer.join()


def other_storage_is_refused(context):
    with Installed(context.registryd) as daemon:
        change_settings(daemon, f"root: {daemon.root}", f"root: {daemon.root}-other")
        refused(daemon, "takes a restart", 5)
        check("storage and index have changed" in daemon.log(), "the log does not say why")


def other_addresses_are_refused(context):
    """The sockets are passed on, so that other addresses would have no effect; those that come new are opened."""
    with Installed(context.registryd) as daemon:
        for port, other in zip((daemon.plain_port, daemon.debug_port), free_ports(2)):
            change_settings(daemon, f'"127.0.0.1:{port}"', f'"127.0.0.1:{other}"')
            refused(daemon, "takes a restart", 5)
            check(f"127.0.0.1:{other}" in daemon.log(), "the log does not say what has changed")
            change_settings(daemon, f'"127.0.0.1:{other}"', f'"127.0.0.1:{port}"')
        change_settings(daemon, f'debug_listen: "127.0.0.1:{daemon.debug_port}"', 'debug_listen: ""')
        refused(daemon, "takes a restart", 5)
        daemon.restart()
        daemon.processes = [daemon.process.pid]
        change_settings(daemon, 'debug_listen: ""', f'debug_listen: "127.0.0.1:{daemon.debug_port}"')
        daemon.hand_over()
        expect(http.Client(daemon.debug_port).request("GET", "/metrics"), 200)
        daemon.hand_over()
        expect(http.Client(daemon.debug_port).request("GET", "/metrics"), 200)


def status_tells_the_settings(context):
    """The hash in the status is that of the file's settings, but for the time between a change and the hand-over."""
    with Installed(context.registryd) as daemon:
        def in_force():
            dumped = daemon.command("--dump-config").stdout
            return daemon.control_command("status")["settings"]["hash"] == images.digest(dumped.encode())

        check(in_force(), "at the start the hash is another one")
        change_settings(daemon, "max_entries: 1000", "max_entries: 7")
        check(not in_force(), "the hash is that of settings that are not in force")
        daemon.hand_over()
        check(in_force(), "after the hand-over the hash is another one")


def to_an_older_version(context):
    """A downgrade while clients work: the old process has an index of a schema that its successor does not know, which
    makes one of its own beside it, and knows in the end what both were told."""
    with Installed(context.registryd) as daemon:
        with Load(daemon.port, [push_all_the_time, pull_on_one_connection]) as load:
            wait_until("the push of some images", lambda: load.counts.get("pushes", 0) > 5, 30)
            with contextlib.closing(sqlite3.connect(os.path.join(daemon.folder, "index.sqlite"), timeout=30)) as database:
                schema = database.execute("PRAGMA user_version").fetchone()[0]
                database.execute(f"PRAGMA user_version = {schema + 1}")
            daemon.hand_over()
            seen = load.counts["pushes"]
            wait_until("the push of images to the new process", lambda: load.counts["pushes"] > seen + 5, 30)
        equal(load.faults, [], "failures of clients")
        check(os.path.exists(os.path.join(daemon.folder, f"index.sqlite.v{schema}")), "there is no index beside the other")
        registry = Registry(daemon.port)
        registry.await_lists()
        wait_until("a list with every tag that was pushed",
                   lambda: set(registry.tags("load/pushed")) == {f"v{number}" for number, _ in load.pushed}, 20)
        for number, picture in load.pushed:
            registry.pull("load/pushed", picture, f"v{number}")
        return f"{load.counts}"


def memory_is_refused(context):
    with Installed(context.registryd, driver="memory") as daemon:
        refused(daemon, "storage.driver is memory")


def deadline_cuts_off(context):
    with Installed(context.registryd, http_options="\n  hand_over_deadline: 1s") as daemon:
        with hold_a_request(daemon) as held:
            before = daemon.hand_over()
            daemon.wait_for_end(before)
            check(held.is_closed(), "the connection is still open")
        check("event=hand_over_deadline" in daemon.log(), "the log does not say that transfers were cut off")


class InstalledSite(Site):
    def __init__(self, context, **options):
        super().__init__(context, **options)
        plain = self.daemon
        self.daemon = Installed(context.registryd, extra_config=f"access:\n  file: {self.path}\n")
        shutil.rmtree(plain.folder, ignore_errors=True)


def rules_reach_the_old_one(context):
    """A connection that the old process still has is answered by the rules that the new one was given."""
    with InstalledSite(context) as site:
        target, fields = "/v2/restricted/x/manifests/v1", [("Authorization", authorization("kubernetes"))]
        with http.RawConnection(site.daemon.port) as first, http.RawConnection(site.daemon.port) as second:
            expect(first.exchange("GET", target, fields), 200)
            expect(second.exchange("GET", target, fields), 200)
            before = site.daemon.hand_over()
            expect(first.exchange("GET", target, fields), 200)
            site.write(site.text.replace(hash_of(site, "kubernetes"), hash_of(site, "ml-build")))
            site.daemon.control_command("reload")
            check(site.daemon.runs(before), "the old process has ended before its connections")
            answer = expect(second.exchange("GET", target, fields), 401)
            check(answer.closed, "the old process keeps the connection")
        site.daemon.wait_for_end(before)


PASSIVE = 'role: passive, active_url: "https://active.example"'


def made_active(context):
    """What the old process changes after it was made active, the new one sees at once: its answers are not kept too
    long."""
    with InstalledSite(context) as site:
        # Begins passive, on a storage that has images.
        site.write(site.text.replace("role: active", PASSIVE))
        site.daemon.stop()
        site.daemon.start()
        expect(site.request("POST", "/v2/public/x/blobs/uploads/", "ci-build"), 403)
        site.reload(site.text)
        picture = images.image("second", layers=1)
        site.push("public/x", "ci-build")
        equal(counters(site), 1, "processes that count changes")
        body = picture.manifest
        for data in picture.blobs.values():
            push_blob(site, "public/x", data)
        with http.RawConnection(site.daemon.port) as old:
            old.send(f"PUT /v2/public/x/manifests/v1 HTTP/1.1\r\nHost: registry.test\r\nExpect: 100-continue\r\n"
                     f"Authorization: {authorization('ci-build')}\r\nContent-Type: {picture.media_type}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n")
            equal(old.read_response(skip_continue=False).status, 100, "the push is under way")
            before = site.daemon.hand_over()
            for _ in range(3):  # the new process keeps the answer
                stood = expect(site.request("GET", "/v2/public/x/manifests/v1"), 200)
            old.send(body)
            expect(old.read_response(), 201)
            check(stood.body != body, "the manifest was there before it was pushed")
            equal(expect(site.request("GET", "/v2/public/x/manifests/v1"), 200).body, body, "what the new one answers")
        site.daemon.wait_for_end(before)


def counters(site):
    """How many processes of ours have the file of counters mapped."""
    found = 0
    for pid in site.daemon.processes:
        with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
            found += "/changes-1" in file.read()
    return found


def push_blob(site, repository, data):
    start = expect(site.request("POST", f"/v2/{repository}/blobs/uploads/", "ci-build"), 202)
    target = http.with_query(start.get("Location"), [("digest", images.digest(data))])
    expect(site.request("PUT", target, "ci-build", body=data), 201)
