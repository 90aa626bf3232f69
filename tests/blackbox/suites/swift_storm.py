"""Two registryds on one Swift in which something fails all the time: random pushes, pulls and deletes against a model.

Each client has repositories of its own, so that what must be there is known exactly. It changes the node at each PATCH
and each pull; manifests are pushed and deleted at its home node. No client may see a failure, no byte may differ, and
what two fresh nodes find afterwards is what the model says. The long form adds three replicas of which one is away now
and then, and listings that lag.
"""

import random
import threading
import time

from lib import http, images
from lib.swift import Swift
from lib.testing import Registry, check, equal, expect

QUICK_SECONDS, SLOW_SECONDS = 20, 300
CLIENTS = 3
TAGS = ["a", "b", "c", "latest"]
STREAM = {"Content-Type": "application/octet-stream"}
# Rules of which some are in force at any time. Those for one request in a hundred stand for a cluster in trouble.
RULES = [("status=503", "percent=5"), ("method=PUT", "status=503", "when=after", "percent=10"),
         ("method=DELETE", "status=503", "when=after", "percent=20"), ("method=GET", "cut=1000", "percent=10"),
         ("method=GET", "cut=700000", "percent=30"), ("status=401", "percent=3"),
         ("method=PUT", "status=499", "percent=5"),
         ("method=GET,HEAD", "status=429", "percent=5"), ("method=PUT", "status=422", "percent=3"),
         ("delay=0.3", "percent=5"), ("method=HEAD", "status=500", "percent=10")]


def tests(context):
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with Swift() as swift:
        yield "an upload that changes the node at each PATCH", lambda: alternating_upload(context, swift)
        yield "an old Location never overwrites", lambda: old_locations(context, swift)
        if context.slow:
            for rule in (["status=503"], ["status=503", "when=after"], ["status=401"]):
                yield (f"each request is answered once by {' '.join(rule)}",
                       lambda rule=rule: each_request_fails_once(context, swift, rule))
        seconds = SLOW_SECONDS if context.slow else QUICK_SECONDS
        yield f"two nodes in a storm, seed {context.seed}", lambda: storm(context, swift, seconds, [])
    if context.slow:
        with Swift(options=("--replicas", "3")) as swift:
            yield "a tag that moved while a replica was away", lambda: stale_replica(context, swift)
            yield "what was deleted while a replica was away", lambda: deleted_without_a_replica(context, swift)
            yield (f"two nodes in a storm on three replicas, seed {context.seed}",
                   lambda: storm(context, swift, SLOW_SECONDS, ["device", "lag"]))


def patch(registry, location, data, begin=None):
    headers = dict(STREAM)
    if begin is not None:
        headers["Content-Range"] = f"{begin}-{begin + len(data) - 1}"
    return registry.request("PATCH", location, headers, data)


def finish(registry, location, name):
    expect(registry.request("PUT", http.with_query(location, [("digest", name)])), 201)


def alternating_upload(context, swift):
    """1,000 small PATCHes (100 in the short form) through faults, each to the other node."""
    count, size = (1000, 102_400) if context.slow else (100, 40_000)
    data = images.pattern("swift-alternating", count * size)
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        nodes = [Registry(one.port, timeout=120), Registry(two.port, timeout=120)]
        swift.fault("proxy", "path=/images", "status=503", "percent=3")
        swift.fault("proxy", "path=/images", "method=PUT", "status=503", "when=after", "percent=3")
        location = expect(nodes[0].request("POST", "/v2/alternate/one/blobs/uploads/"), 202).get("Location")
        longest = 0
        for number in range(count):
            part = data[number * size:(number + 1) * size]
            answer = expect(patch(nodes[(number + 1) % 2], location, part, number * size), 202)
            location = answer.get("Location")
            longest = max(longest, len(location))
            if number % 50 == 0:
                swift.aio("revoke")
        finish(nodes[1], location, images.digest(data))
        swift.aio("fault", "clear")
        for node in nodes:
            equal(node.pull_blob("alternate/one", images.digest(data)), data, "the blob")
        equal(swift.connect().names("production/files/docker/registry/v2/repositories/alternate/one/_uploads"), [],
              "what the upload left")
        return f"{count} PATCHes, longest Location {longest} bytes"


def old_locations(context, swift):
    """Each old Location is used again, with other bytes: refused, or another upload that leaves this one alone."""
    size, count = 900_000, 8
    data = images.pattern("swift-old-locations", count * size)
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        nodes = [Registry(one.port), Registry(two.port)]
        locations = [expect(nodes[0].request("POST", "/v2/replay/one/blobs/uploads/"), 202).get("Location")]
        forks = 0
        for number in range(count):
            part = data[number * size:(number + 1) * size]
            answer = expect(patch(nodes[number % 2], locations[-1], part, number * size), 202)
            locations.append(answer.get("Location"))
            for before, old in enumerate(locations[:-1]):
                replay = expect(patch(nodes[(number + 1) % 2], old, b"x" * size, before * size), 202, 404, 416)
                forks += replay.status == 202
        finish(nodes[0], locations[-1], images.digest(data))
        for node in nodes:
            equal(node.pull_blob("replay/one", images.digest(data)), data, "the blob")
            expect(node.request("PUT", http.with_query(locations[-1], [("digest", images.digest(data))])), 404, 416)
        return f"{forks} forks"


def stale_replica(context, swift):
    """Swift answers from any replica: one that missed the change has the old link, or one that was deleted."""
    old, new = images.image("swift-stale-old", layers=1), images.image("swift-stale-new", layers=1)
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        nodes = [Registry(one.port, timeout=60), Registry(two.port, timeout=60)]
        for tag in ("moved", "deleted"):
            nodes[0].push("stale/one", old, tag)
        swift.aio("device", "2", "off")
        try:
            nodes[0].push("stale/one", new, "moved")
            expect(nodes[0].request("DELETE", "/v2/stale/one/manifests/deleted"), 202)
        finally:
            swift.aio("device", "2", "on")
        for number in range(40):
            nodes[number % 2].pull("stale/one", new, "moved")
            expect(nodes[number % 2].request("GET", "/v2/stale/one/manifests/deleted"), 404)


def deleted_without_a_replica(context, swift):
    """The replica that was away has it all. It must not serve a manifest, let one refer to a layer, give a layer to another
    repository, nor vouch for a blob that is pushed anew and would be lost once the deletion has reached that replica."""
    gone = [images.image(f"swift-gone-{number}", layers=1) for number in range(8)]
    lost = [images.pattern(f"swift-lost-{number}", 5000) for number in range(8)]
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        first, other = Registry(one.port, timeout=60), Registry(two.port, timeout=60)
        for picture, data in zip(gone, lost):
            first.push("gone/one", picture)
            first.push_blob("gone/two", data)
        account = swift.connect()
        swift.aio("device", "2", "off")
        try:
            for picture, data in zip(gone, lost):
                expect(first.request("DELETE", f"/v2/gone/one/manifests/{picture.digest}"), 202)
                for name in picture.blobs:
                    expect(first.request("DELETE", f"/v2/gone/one/blobs/{name}"), 202)
                expect(account.request("DELETE", blob_object(images.digest(data))), 204)
        finally:
            swift.aio("device", "2", "on")
        for picture, data in zip(gone, lost):
            expect(other.request("GET", f"/v2/gone/one/manifests/{picture.digest}"), 404)
            expect(other.request("PUT", "/v2/gone/one/manifests/again", {"Content-Type": picture.media_type}, picture.manifest),
                   400)
            for name in picture.blobs:
                expect(other.request("HEAD", f"/v2/gone/one/blobs/{name}"), 404)
                expect(other.request("POST", f"/v2/gone/three/blobs/uploads/?mount={name}&from=gone/one"), 202)
            other.push_blob("gone/two", data)
        swift.aio("replicate")
        for data in lost:
            equal(first.pull_blob("gone/two", images.digest(data)), data, "a blob as pushed anew")


def blob_object(digest):
    """Where the bytes lie in the container."""
    return f"production/files/docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"


def each_request_fails_once(context, swift, rule):
    """A push, a pull and two deletes, with a failure of the first request they make, then of the second, and so on."""
    picture = images.image("swift-each", layers=1, layer_size=50_000)
    data = images.pattern("swift-each-layer", 2_500_000)
    with swift.registry(context.registryd, segment="1MiB") as daemon:
        registry = Registry(daemon.port, timeout=60)
        registry.await_lists()

        def work(number):
            name, blob = f"each/{number}", images.digest(data)
            expect(registry.request("DELETE", f"/v2/{name}/manifests/none"), 404)
            location = expect(registry.request("POST", f"/v2/{name}/blobs/uploads/"), 202).get("Location")
            for begin in range(0, len(data), 1_500_000):
                location = expect(patch(registry, location, data[begin:begin + 1_500_000], begin), 202).get("Location")
            finish(registry, location, blob)
            equal(registry.pull_blob(name, blob), data, "the layer")
            registry.push(name, picture, "v1")
            registry.pull(name, picture, "v1")
            expect(registry.request("DELETE", f"/v2/{name}/manifests/v1"), 202)
            expect(registry.request("DELETE", f"/v2/{name}/manifests/{picture.digest}"), 202)
            expect(registry.request("GET", f"/v2/{name}/manifests/{picture.digest}"), 404)

        status = next(part for part in rule if part.startswith("status=")).removeprefix("status=")
        number, met = 0, True
        while met:
            check(number < 400, "the work does not come to its end")
            before = answered(daemon, status)
            swift.fault("proxy", "path=/images", "count=1", f"skip={number}", *rule)
            work(number)
            swift.aio("fault", "clear")
            met = answered(daemon, status) > before
            number += 1
        check(number > 40, f"only {number} requests were met")
        return f"{number - 1} requests failed once each"


def answered(daemon, *statuses):
    """How many requests to Swift were answered with one of these."""
    text = http.Client(daemon.debug_port).request("GET", "/metrics").body.decode()
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines()
               if line.startswith("registry_ha_storage_requests_total{")
               and any(f'status="{status}"' in line for status in statuses))


class Weather(threading.Thread):
    """Makes Swift fail, in another way every half second, until stop()."""

    def __init__(self, swift, choose, more):
        super().__init__()
        self.swift, self.choose, self.more = swift, choose, more
        self.ended, self.error, self.changes = threading.Event(), None, 0

    def run(self):
        try:
            while not self.ended.wait(0.5):
                self.change()
                self.changes += 1
        except Exception as error:  # pylint: disable=broad-except  (raised again by stop())
            self.error = error

    def change(self):
        self.swift.aio("fault", "clear")
        for rule in self.choose.sample(RULES, 3):
            self.swift.fault("proxy", "path=/images", *rule)
        self.swift.fault(self.choose.choice(["object", "container"]), "status=503", "percent=2")
        if self.choose.random() < 0.3:
            self.swift.aio("revoke")
        if "device" in self.more and self.choose.random() < 0.2:
            self.swift.aio("device", "2", self.choose.choice(["on", "off"]))
        if "lag" in self.more and self.choose.random() < 0.2:
            self.swift.aio("lag", self.choose.choice(["on", "off"]))

    def stop(self):
        self.ended.set()
        self.join()
        self.swift.aio("fault", "clear")
        if "lag" in self.more:
            self.swift.aio("lag", "off")
        if "device" in self.more:
            self.swift.aio("device", "2", "on")
            self.swift.aio("replicate")
        self.swift.aio("flush")
        if self.error:
            raise self.error


class Writer(threading.Thread):
    """One client, and the model of its repositories."""

    def __init__(self, number, ports, choose, deadline):
        super().__init__()
        self.number, self.choose, self.deadline = number, choose, deadline
        self.nodes = [Registry(port, timeout=120) for port in ports]
        self.home = self.nodes[number % 2]
        self.tags = {f"storm/{number}/{name}": {} for name in "ab"}  # repository: {tag: picture}
        self.manifests = {name: {} for name in self.tags}  # repository: {digest: picture}
        self.gone = {name: set() for name in self.tags}
        self.error, self.steps = None, 0

    def run(self):
        try:
            while time.monotonic() < self.deadline:
                self.step()
                self.steps += 1
        except Exception as error:  # pylint: disable=broad-except  (raised again by the test)
            self.error = error

    def step(self):
        actions = [(self.push, 4), (self.push_layer, 3), (self.pull, 5), (self.delete_tag, 1),
                   (self.delete_manifest, 1)]
        action = self.choose.choices([each for each, _ in actions], [weight for _, weight in actions])[0]
        action(self.choose.choice(list(self.tags)))

    def anyone(self):
        return self.choose.choice(self.nodes)

    def push_layer(self, repository, data=None):
        """POST, PATCHes to one node after the other, PUT."""
        if data is None:
            data = images.pattern(f"storm-{self.number}-{self.choose.randrange(8)}", self.choose.randrange(9_000_000))
        location = expect(self.anyone().request("POST", f"/v2/{repository}/blobs/uploads/"), 202).get("Location")
        begin = 0
        while begin < len(data):
            part = data[begin:begin + self.choose.choice([1, 70_000, 900_000, 5_000_000, 9_000_000])]
            location = expect(patch(self.anyone(), location, part), 202).get("Location")
            begin += len(part)
            if 300_000 < begin < len(data) and self.choose.random() < 0.3:
                location = expect(patch(self.anyone(), location, data[begin:]), 202).get("Location")
                begin = len(data)
        finish(self.anyone(), location, images.digest(data))
        equal(self.anyone().pull_blob(repository, images.digest(data)), data, "a layer as pulled")

    def push(self, repository):
        picture = images.image(f"storm-{self.number}-{self.choose.randrange(20)}", layers=1,
                               layer_size=self.choose.choice([100, 50_000, 2_000_000]))
        for data in picture.blobs.values():
            self.anyone().push_blob(repository, data)
        tag = self.choose.choice(TAGS)
        self.home.push_manifest(repository, tag, picture.manifest, picture.media_type)
        self.tags[repository][tag] = picture
        self.manifests[repository][picture.digest] = picture
        self.gone[repository].discard(picture.digest)
        self.anyone().pull(repository, picture, tag)

    def pull(self, repository):
        for tag in self.choose.sample(TAGS, 2):
            picture = self.tags[repository].get(tag)
            if picture:
                self.anyone().pull(repository, picture, tag)
            else:
                expect(self.anyone().request("GET", f"/v2/{repository}/manifests/{tag}"), 404)

    def delete_tag(self, repository):
        if not self.tags[repository]:
            return
        tag = self.choose.choice(list(self.tags[repository]))
        expect(self.home.request("DELETE", f"/v2/{repository}/manifests/{tag}"), 202)
        del self.tags[repository][tag]
        expect(self.anyone().request("GET", f"/v2/{repository}/manifests/{tag}"), 404)

    def delete_manifest(self, repository):
        if not self.manifests[repository]:
            return
        digest = self.choose.choice(list(self.manifests[repository]))
        expect(self.home.request("DELETE", f"/v2/{repository}/manifests/{digest}"), 202)
        del self.manifests[repository][digest]
        self.gone[repository].add(digest)
        self.tags[repository] = {tag: each for tag, each in self.tags[repository].items() if each.digest != digest}
        expect(self.anyone().request("GET", f"/v2/{repository}/manifests/{digest}"), 404)

    def verify(self, port):
        """A node without any memory finds what the model says."""
        registry = Registry(port, timeout=120)
        for repository, tags in self.tags.items():
            for tag in TAGS:
                if tag not in tags:
                    expect(registry.request("GET", f"/v2/{repository}/manifests/{tag}"), 404)
            for tag, picture in tags.items():
                registry.pull(repository, picture, tag)
            for digest, picture in self.manifests[repository].items():
                answer = registry.request("GET", f"/v2/{repository}/manifests/{digest}", {"Accept": picture.media_type})
                equal(expect(answer, 200).body, picture.manifest, "a manifest")
            for digest in self.gone[repository]:
                expect(registry.request("GET", f"/v2/{repository}/manifests/{digest}"), 404)
            equal(sorted(registry.tags(repository)), sorted(tags), f"tags of {repository}")


def storm(context, swift, seconds, more):
    choose = random.Random(context.seed)
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        deadline = time.monotonic() + seconds
        writers = [Writer(number, (one.port, two.port), random.Random(choose.random()), deadline)
                   for number in range(CLIENTS)]
        weather = Weather(swift, random.Random(choose.random()), more)
        for thread in (weather, *writers):
            thread.start()
        for writer in writers:
            writer.join()
        weather.stop()
        for writer in writers:
            if writer.error:
                raise writer.error
        failures = sum(answered(node, "401", "422", "429", "499", "500", "503") for node in (one, two))
    with swift.registry(context.registryd) as fresh:
        wait_for_lists(fresh.port)
        for writer in writers:
            writer.verify(fresh.port)
    steps = sum(writer.steps for writer in writers)
    check(steps >= CLIENTS, f"the clients got through {steps} steps only")
    check(failures >= steps / 2, f"{steps} steps, but only {failures} requests to Swift failed")
    return f"{steps} steps in {weather.changes} changes of the weather, {failures} requests failed, none was seen"


def wait_for_lists(port):
    """Until the index has been built from the storage: lists answer 503 before that."""
    registry = Registry(port)
    deadline = time.monotonic() + 240
    while registry.request("GET", "/v2/_catalog").status == 503:
        check(time.monotonic() < deadline, "the index was not built within four minutes")
        time.sleep(0.2)
