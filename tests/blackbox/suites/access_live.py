"""Access while the registry works: changes under load and during transfers, what refusals give away, limits, audit."""

import hashlib
import http.client
import json
import os
import random
import re
import socket
import threading
import time

from lib import http as wire
from lib import images
from lib.site import BUILDER, LAYER, OTHER, PICTURE, UPLOADS, Site, authorization, hash_of, rules
from lib.testing import check, equal, expect

RELOADS, RELOADS_SLOW = 1000, 10_000
PROBES = 10_000
BIG = 2 * 1024 ** 3
BLOCK = 1024 * 1024
LIMITS = """
limits:
  - {name: builders, accounts: [ci-build], requests_per_second: 2, burst: 6}
  - {name: small, accounts: [prod-build], blob_bytes: 1KiB}
  - {name: slow, accounts: anonymous, networks: [127.0.0.9], requests_per_second: 1, burst: 5}
"""


def tests(context):
    with Site(context) as site:
        for function in (password_rotates_during_a_2_gib_push, revocation_is_in_force_at_the_next_request,
                         read_only_lets_an_upload_under_way_end, probes_of_hidden_repositories_tell_nothing):
            yield function.__name__.replace("_", " "), lambda function=function: function(site)
        yield "reloads under load", lambda: reloads_under_load(site, RELOADS_SLOW if context.slow else RELOADS)
    with Site(context, extra_rules=LIMITS) as site:
        for function in (requests_beyond_a_limit_are_429, limits_of_others_do_not_matter, a_blob_beyond_a_limit_is_413):
            yield function.__name__.replace("_", " "), lambda function=function: function(site)
    with Site(context, extra_config="log: {access: false, level: error}\n") as site:
        yield "audit log: one line per write and refusal", lambda: audit(site)
    with Site(context, extra_config="log: {audit: \"off\"}\n") as site:
        yield "audit log: off", lambda: audit_off(site)
    yield "a passive registry sends its storage no write", lambda: passive_writes_nothing(context, "role: active",
                                                                                          PASSIVE, "passive")
    yield "a read-only registry sends its storage no write", lambda: passive_writes_nothing(
        context, "read_only: false", "read_only: true", "active")


# ---- changes during transfers


def big_block(number, base=images.pattern("rotation", BLOCK)):
    return number.to_bytes(8, "big") + base[8:]


def stream(first, count, hasher, events):
    """Blocks of a layer; `events` are called before the block of their number, so that they happen in mid-transfer."""
    for number in range(first, first + count):
        if number in events:
            events[number]()
        block = big_block(number)
        hasher.update(block)
        yield block


def password_rotates_during_a_2_gib_push(site):
    """The old password begins, both are listed meanwhile, the new one ends it: no request is cut off."""
    old, new = hash_of(site, "ci-build"), hash_of(site, "ml-build")
    both = site.text.replace(f'["{old}"]', f'["{old}", "{new}"]')
    only_new = site.text.replace(f'["{old}"]', f'["{new}"]')
    half = BIG // BLOCK // 2
    hasher = hashlib.sha256()

    def send(method, target, first, events, password):
        return site.request(method, target, "ci-build", password, timeout=300,
                            headers={"Content-Length": str(half * BLOCK)}, body=stream(first, half, hasher, events))

    try:
        location = expect(site.request("POST", f"/v2/public/big{UPLOADS}", "ci-build"), 202).get("Location")
        first = expect(send("PATCH", location, 0, {half // 2: lambda: site.reload(both)}, None), 202)
        second = expect(send("PATCH", first.get("Location"), half, {half + half // 2: lambda: site.reload(only_new)},
                             "ml-build-secret"), 202)
        name = "sha256:" + hasher.hexdigest()
        target = wire.with_query(second.get("Location"), [("digest", name)])
        expect(site.request("PUT", target, "ci-build"), 401)
        expect(site.request("PUT", target, "ci-build", "ml-build-secret", timeout=300), 201)
        answer = expect(site.request("HEAD", f"/v2/public/big/blobs/{name}"), 200)
        equal(answer.get("Content-Length"), str(BIG), "size of the layer")
    finally:
        site.reload(site.text)


def revocation_is_in_force_at_the_next_request(site):
    """On one connection that stays open, the request after the reload is refused."""
    target, fields = "/v2/restricted/x/manifests/v1", [("Authorization", authorization("kubernetes"))]
    with wire.RawConnection(site.daemon.port) as connection:
        for _ in range(20):
            expect(connection.exchange("GET", target, fields), 200)
        with rules(site, site.text.replace(hash_of(site, "kubernetes"), hash_of(site, "ml-build"))):
            expect(connection.exchange("GET", target, fields), 401)
        expect(connection.exchange("GET", target, fields), 200)


def read_only_lets_an_upload_under_way_end(site):
    body = PICTURE.blobs[LAYER]
    half = len(body) // 2

    begun = expect(site.request("POST", f"/v2/public/ro{UPLOADS}", "ci-build"), 202)
    try:
        with wire.RawConnection(site.daemon.port) as connection:
            connection.send(f"PATCH {begun.get('Location')} HTTP/1.1\r\nHost: registry.test\r\nExpect: 100-continue\r\n"
                            f"Authorization: {authorization('ci-build')}\r\nContent-Length: {half}\r\n\r\n".encode())
            equal(connection.read_response(skip_continue=False).status, 100, "the request is under way")
            connection.send(body[:half // 2])
            site.reload(site.text.replace("read_only: false", "read_only: true"))
            connection.send(body[half // 2:half])
            ended = expect(connection.read_response(), 202)
        equal(ended.get("Range"), f"0-{half - 1}", "what the request under way stored")
        refused = expect(site.request("PATCH", ended.get("Location"), "ci-build", body=body[half:]), 403)
        equal(refused.codes(), ["DENIED"], "codes")
        check(b"read-only" in refused.body, f"the answer does not say why: {refused!r}")
        expect(site.request("GET", "/v2/public/x/manifests/v1"), 200)
    finally:
        site.reload(site.text)
    target = wire.with_query(ended.get("Location"), [("digest", LAYER)])
    expect(site.request("PUT", target, "ci-build", body=body[half:]), 201)


# ---- what refusals give away


def storage_actions(site):
    counts = re.findall(r"^registry_storage_action_seconds_count\{[^}]*\} (\S+)$", site.metrics(), re.M)
    return sum(map(float, counts))


def probes_of_hidden_repositories_tell_nothing(site):
    """Existing and missing names in random order on one connection: the same answers, at the same speed.

    Speed is compared by rank: how often a probe of what exists took longer than one of what does not. Since the order is
    random, noise falls on both alike; 0.5 means no difference, and at 5,000 each 0.035 is six standard deviations.
    """
    kinds = [True, False] * (PROBES // 2)
    random.Random(1).shuffle(kinds)
    suffixes = ["/manifests/v1", "/tags/list", f"/blobs/{LAYER}", f"/manifests/{PICTURE.digest}"]
    times, answers = {True: [], False: []}, {True: set(), False: set()}
    fields = [("Authorization", authorization("ci-build"))]
    before = storage_actions(site)
    with wire.RawConnection(site.daemon.port) as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, exists in enumerate(kinds):
            target = f"/v2/restricted/{'x' if exists else 'y'}{suffixes[number // 2 % len(suffixes)]}"
            began = time.perf_counter_ns()
            answer = connection.exchange("GET", target, fields)
            times[exists].append(time.perf_counter_ns() - began)
            headers = tuple(each for each in answer.headers if each[0] not in ("Date", "X-Request-Id"))
            answers[exists].add((answer.status, headers, answer.body))
    equal(storage_actions(site), before, "actions on the storage")
    equal(answers[True], answers[False], "answers to probes of what exists and of what does not")
    equal({status for status, _, _ in answers[True]}, {401}, "status")
    share = rank_share(times[True], times[False])
    check(abs(share - 0.5) < 0.035, f"probes of what exists are slower in {share:.3f} of all pairs")
    return f"{PROBES} probes, slower in {share:.3f} of all pairs, no action on the storage"


def rank_share(some, others):
    """The share of pairs in which the one of `some` is greater; ties count half (Mann and Whitney's U)."""
    ranked = sorted([(value, True) for value in some] + [(value, False) for value in others])
    ranks, begin = 0.0, 0
    while begin < len(ranked):
        end = begin
        while end < len(ranked) and ranked[end][0] == ranked[begin][0]:
            end += 1
        middle = (begin + 1 + end) / 2
        ranks += middle * sum(1 for _, mine in ranked[begin:end] if mine)
        begin = end
    return (ranks - len(some) * (len(some) + 1) / 2) / (len(some) * len(others))


# ---- reloads under load


def control(site, **request):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        connection.connect(site.daemon.control)
        connection.sendall(json.dumps(request).encode() + b"\n")
        with connection.makefile("rb") as answer:
            return json.loads(answer.readline())


class Load:
    """Clients that ask all the time, and know which answers one file or the other gives, but no mixture."""

    def __init__(self, site, password_one, password_two):
        self.site = site
        self.passwords = (password_one, password_two)
        self.stopped = threading.Event()
        self.counts, self.faults = {}, []
        # Wrong passwords slow their address down, and only that.
        self.threads = [threading.Thread(target=self.run, args=arguments)
                        for arguments in ((self.pull, "127.0.1.1"), (self.pull, "127.0.1.2"), (self.mount, BUILDER),
                                          (self.read, OTHER))]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join()

    def run(self, ask, source):
        try:
            with wire.RawConnection(self.site.daemon.port, timeout=60, source=source) as connection:
                number = 0
                while not self.stopped.is_set():
                    seen = ask(connection, number)
                    self.counts[seen] = self.counts.get(seen, 0) + 1
                    number += 1
        except Exception as error:  # pylint: disable=broad-except  (told by the test)
            self.faults.append(repr(error))

    def pull(self, connection, number):
        """A password is right by one file, where the rule's realm is "one", and wrong by the other, where it is "two"."""
        which = number % 2
        answer = connection.exchange("GET", "/v2/x/manifests/none",
                                     [("Authorization", authorization("ci-build", self.passwords[which]))])
        if answer.status == 429:
            return self.told_to_wait(answer)
        realm = answer.get("WWW-Authenticate") or ""
        seen = ("pull", which, answer.status, realm)
        wanted = {("pull", which, 404, ""), ("pull", which, 401, f'Basic realm="{("two", "one")[which]}"')}
        check(seen in wanted, f"a mixture decided: {seen}")
        return seen

    def mount(self, connection, _):
        """By one file ci-build may push to y but not pull from z; by the other the reverse. 201 would be a mixture."""
        fields = [("Authorization", authorization("prod-build"))]
        answer = connection.exchange("POST", f"/v2/y{UPLOADS}?mount={LAYER}&from=z", fields)
        if answer.status == 429:
            return self.told_to_wait(answer)
        check(answer.status in (202, 401), f"a mixture decided: {answer!r}")
        return "mount", answer.status

    @staticmethod
    def told_to_wait(answer):
        """Passwords are checked anew after each reload: on a busy machine there may be too many of them."""
        check(answer.codes() == ["TOOMANYREQUESTS"] and answer.get("Retry-After"), f"no such 429: {answer!r}")
        time.sleep(0.05)
        return "wait", 429

    def read(self, connection, _):
        answer = connection.exchange("GET", "/v2/public/x/manifests/v1")
        check(answer.status == 200 and answer.body == PICTURE.manifest, f"an open pull failed: {answer!r}")
        return "read", answer.status


def reloads_under_load(site, count):
    one_hash, two_hash = hash_of(site, "ci-build"), hash_of(site, "ml-build")
    common = "  - namespace: \"restricted/\""

    def file(which):
        push, pull = (("[prod-build]", "[kubernetes]"), ("[kubernetes]", "[prod-build]"))[which]
        realm = ("one", "two")[which]
        text = site.text.replace(common, f"  - {{namespace: x/, pull: [ci-build], realm: {{pull: {realm}}}}}\n"
                                         f"  - {{namespace: y/, pull: anonymous, push: {push}}}\n"
                                         f"  - {{namespace: z/, pull: {pull}, push: [ci-restricted]}}\n{common}")
        return text if which == 0 else text.replace(f'["{one_hash}"]', f'["{two_hash}"]', 1)

    texts = (file(0), file(1))
    expect(site.request("POST", f"/v2/z{UPLOADS}?digest={LAYER}", "ci-restricted", body=PICTURE.blobs[LAYER]), 201)
    equal(control(site, command="apply_access", file="a", text=texts[0])["ok"], True, "the first file")
    before = site.metric("registry_ha_access_generation")
    began = time.monotonic()
    try:
        with Load(site, "ci-build-secret", "ml-build-secret") as load:
            for number in range(count):
                answer = control(site, command="apply_access", file="a", text=texts[1 - number % 2])
                check(answer["ok"], f"reload {number}: {answer}")
                check(not load.faults, f"after {number} reloads: {load.faults}")
            seconds = time.monotonic() - began
        equal(load.faults, [], "lost or mixed requests")
        equal(site.metric("registry_ha_access_generation"), before + count, "generation")
        asked = sum(load.counts.values())
        waits = load.counts.pop(("wait", 429), 0)
        check(len(load.counts) == 7, f"not every answer of either file was seen: {load.counts}")
    finally:
        site.reload(site.text)
    return f"{count} reloads in {seconds:.1f} s, {asked} requests meanwhile, {waits} told to wait, none lost, none mixed"


# ---- limits


def requests_beyond_a_limit_are_429(site):
    limited = 'registry_ha_access_limited_total{limit="slow"}'
    before = site.metric(limited)
    answers = [site.request("GET", "/v2/public/x/manifests/v1", source="127.0.0.9") for _ in range(12)]
    equal(sorted({answer.status for answer in answers}), [200, 429], "status")
    refused = [answer for answer in answers if answer.status == 429]
    for answer in refused:
        equal(answer.codes(), ["TOOMANYREQUESTS"], "codes")
        check(1 <= int(answer.get("Retry-After")) <= 6, f"Retry-After of {answer!r}")
    equal(site.metric(limited), before + len(refused), "metric")
    deadline = time.monotonic() + 30
    while site.request("GET", "/v2/public/x/manifests/v1", source="127.0.0.9").status == 429:
        check(time.monotonic() < deadline, "the limit never lets go")
        time.sleep(0.1)
    equal(site.request("GET", "/healthz", source="127.0.0.9").status, 200, "load balancers are not limited")


def limits_of_others_do_not_matter(site):
    for _ in range(20):
        site.request("GET", "/v2/public/x/manifests/v1", source="127.0.0.9")
    for _ in range(20):
        expect(site.request("GET", "/v2/public/x/manifests/v1", source=OTHER), 200)
        expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes", source="127.0.0.9"), 200)


def a_blob_beyond_a_limit_is_413(site):
    body = images.pattern("limit", 1025)
    target = f"/v2/public/small{UPLOADS}?digest={images.digest(body)}"
    for fields in ({}, {"Transfer-Encoding": "chunked"}):
        data = body if not fields else iter([b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)])
        answer = expect(site.request("POST", target, "prod-build", body=data, headers=fields), 413)
        equal(answer.codes(), ["SIZE_INVALID"], "codes")
        check(b"1024 bytes" in answer.body, f"the answer does not say the limit: {answer!r}")
    expect(site.request("POST", f"/v2/public/small{UPLOADS}?digest={images.digest(body[1:])}", "prod-build",
                        body=body[1:]), 201)
    expect(site.request("POST", target, "ml-build", body=body), 201)


# ---- audit


def audit_lines(site):
    return [line for line in site.daemon.log().splitlines() if "event=audit " in line]


def audit(site):
    before = len(wait_for_lines(site, 3 * (len(PICTURE.blobs) + 1)))  # those of the site's own pushes
    expect(site.request("GET", "/v2/public/x/manifests/v1"), 200)
    expect(site.request("GET", "/v2/restricted/x/manifests/v1", "kubernetes"), 200)
    equal(len(audit_lines(site)), before, "reads that are served are not audited")
    asked = [
        (("PUT", "/v2/public/x/manifests/audit", "ci-build", None, BUILDER,
          {"Content-Type": PICTURE.media_type}, PICTURE.manifest), 201,
         ["client=127.0.0.1", "account=ci-build", "action=push", "method=PUT", "repository=\"public/x\"", "reference=audit",
          "outcome=done", "status=201", r'rule="\"\""']),
        (("DELETE", "/v2/public/x/manifests/audit", "ci-build"), 202, ["action=delete", "outcome=done", "status=202"]),
        (("POST", f"/v2/public/x{UPLOADS}", "ci-build", "guess", BUILDER), 401,
         ["account=anonymous", "claimed=ci-build", "outcome=refused", "status=401", 'reason="wrong password for ci-build"']),
        (("POST", f"/v2/public/x{UPLOADS}", "ci-build", None, OTHER), 403,
         ["client=127.0.0.2", "claimed=ci-build", "outcome=refused", "status=403", "uploaders does not list"]),
        (("GET", "/v2/restricted/x/manifests/v1",), 401,
         ["account=anonymous", "action=pull", 'repository="restricted/x"', r'rule="\"restricted/\""', "outcome=refused"]),
        (("POST", f"/v2/public/y{UPLOADS}?mount={LAYER}&from=restricted/x", "ci-build"), 202,
         ['mount_from="restricted/x"', "mount_refused=", "outcome=done", f"reference={LAYER}"]),
        (("PUT", "/v2/public/x/manifests/bad", "ci-build", None, BUILDER,
          {"Content-Type": PICTURE.media_type}, b"{}"), 400, ["outcome=failed", "status=400"]),
    ]
    for arguments, status, wanted in asked:
        known = len(audit_lines(site))
        expect(site.request(*arguments), status)
        lines = wait_for_lines(site, known + 1)[known:]
        equal(len(lines), 1, f"lines of {arguments[:2]}")
        for text in [*wanted, "generation=1", " id="]:
            check(text in lines[0], f"no {text} in {lines[0]}")
    log = site.daemon.log()
    check("event=request" not in log, "the access log is not off")
    check("guess" not in log and "-secret" not in log, "a password is in the log")


def wait_for_lines(site, count):
    """The line is written once the answer has left: a client may be faster."""
    deadline = time.monotonic() + 10
    while len(audit_lines(site)) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return audit_lines(site)


def audit_off(site):
    expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 202)
    expect(site.request("POST", f"/v2/public/x{UPLOADS}"), 401)
    equal(audit_lines(site), [], "audit lines")


# ---- no writes


PASSIVE = 'role: passive, active_url: "https://active.example"'
OLD = time.time() - 30 * 24 * 3600


def tree(root):
    """Everything below a folder: kind, size and time of change of each entry."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in [*folders, *files, ""]:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found


def abandon(root):
    """What housekeeping would remove: an upload that nobody finished, and a file that was being written."""
    upload = os.path.join(root, "docker/registry/v2/repositories/public/x/_uploads/0b5d7c1e-0000-4000-8000-000000000000")
    os.makedirs(upload, exist_ok=True)
    for path in (os.path.join(upload, "data"), os.path.join(upload, "startedat")):
        with open(path, "w", encoding="ascii") as file:
            file.write("2020-01-01T00:00:00Z")
        os.utime(path, (OLD, OLD))
    return upload


def passive_writes_nothing(context, old, new, role):
    with Site(context, extra_config="uploads: {purge_interval: 1s}\n") as site:
        root = site.daemon.root
        site.daemon.stop()
        upload = abandon(root)
        for name in os.listdir(site.daemon.folder):
            if name.startswith("index.sqlite"):
                os.unlink(os.path.join(site.daemon.folder, name))  # to be made anew, which reads everything
        site.write(site.text.replace(old, new))
        before = tree(root)
        site.daemon.start()
        state = site.request("GET", "/healthz").json()
        equal((state["role"], state["read_only"]), (role, new.startswith("read_only")), "healthz")
        wait_for_catalogue(site)
        for method, target, account in (("POST", f"/v2/public/x{UPLOADS}", "ci-build"),
                                        ("POST", f"/v2/public/y{UPLOADS}?mount={LAYER}&from=public/x", "ci-build"),
                                        ("PUT", "/v2/public/x/manifests/new", "ci-build"),
                                        ("DELETE", "/v2/public/x/manifests/v1", "ci-build"),
                                        ("DELETE", f"/v2/public/x/blobs/{LAYER}", "ci-build")):
            expect(site.request(method, target, account), 403)
        for target in ("/v2/public/x/manifests/v1", f"/v2/public/x/blobs/{LAYER}", "/v2/public/x/tags/list"):
            expect(site.request("GET", target), 200)
        healthy(site)
        time.sleep(3)  # three rounds of the purge
        equal({path: (before.get(path), now) for path, now in tree(root).items() if before.get(path) != now}, {},
              "what changed in the storage")
        equal(len(tree(root)), len(before), "entries of the storage")
        site.reload(site.text)
        deadline = time.monotonic() + 30
        while os.path.exists(upload):
            check(time.monotonic() < deadline, "once writes are taken again, what was abandoned is not removed")
            time.sleep(0.1)
        expect(site.request("POST", f"/v2/public/x{UPLOADS}", "ci-build"), 202)


def wait_for_catalogue(site):
    deadline = time.monotonic() + 30
    while site.request("GET", "/v2/_catalog").status != 200:
        check(time.monotonic() < deadline, "the index was not made")
        time.sleep(0.05)


def healthy(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.daemon.debug_port, timeout=10)
    try:
        connection.request("GET", "/debug/health")
        answer = connection.getresponse()
        equal((answer.status, answer.read().strip()), (200, b"{}"), "health")
    finally:
        connection.close()
