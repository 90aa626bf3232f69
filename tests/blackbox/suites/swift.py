"""registryd on OpenStack Swift: few requests, both registries read what either wrote, nodes share uploads, and what Swift
does now and then is not seen by clients."""

import json
import os
import subprocess
import time

from lib import http, images
from lib.clients import Skopeo
from lib.swift import Swift, requests_counter, requests_made
from lib.testing import Registry, check, equal, expect

LARGE = 9_000_000  # three segments here, nine of the old registry


def tests(context):
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with Swift() as swift:
        for function in (requests_are_few, each_operation_says_its_requests, manifests_in_memory_know_what_other_nodes_do,
                         two_nodes_share_an_upload, faults_are_not_seen, a_lost_segment_is_repaired,
                         fsck_names_a_lost_segment, lists_lag_alone, lists_know_what_other_nodes_write,
                         skopeo_pushes_and_pulls):
            yield function.__name__.replace("_", " "), lambda function=function: function(context, swift)
        context.tool("docker-registry")
        yield "each registry serves what the other wrote", lambda: both_ways(context, swift)


def push_streamed(registry, repository, data):
    """POST, PATCH, PUT: what docker and podman do."""
    name = images.digest(data)
    start = expect(registry.request("POST", f"/v2/{repository}/blobs/uploads/"), 202)
    after = expect(registry.request("PATCH", start.get("Location"), {"Content-Type": "application/octet-stream"}, data), 202)
    expect(registry.request("PUT", http.with_query(after.get("Location"), [("digest", name)])), 201)
    return name


def requests_are_few(context, swift):
    picture = images.image("swift-few")
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port)
        registry.push("few/one", picture, "v1")
        count = requests_counter(daemon, "Swift")
        layer = images.pattern("swift-few-layer", 3_000_000)
        blob = images.digest(layer)
        made = [count(6, "push of a layer of one segment", lambda: push_streamed(registry, "few/one", layer)),
                count(2, "HEAD of a blob", lambda: expect(registry.request("HEAD", f"/v2/few/one/blobs/{blob}"), 200)),
                count(3, "GET of a blob", lambda: registry.pull_blob("few/one", blob)),
                manifests_cost_little(registry, "few/one", picture, count)]
        return "requests to Swift: layer push {}, blob HEAD {}, blob GET {}, {}".format(*made)


def manifests_cost_little(registry, repository, picture, count):
    """Of an image at tag v1 that nobody has asked for. `count` runs a step, and checks how many requests it may make."""
    path = f"/v2/{repository}/manifests/"

    def ask(method, reference):
        answer = expect(registry.request(method, path + reference, {"Accept": images.OCI_MANIFEST}), 200)
        equal(answer.get("Docker-Content-Digest"), picture.digest, f"digest of {path}{reference}")
        if method == "GET":
            equal(answer.body, picture.manifest, f"manifest {path}{reference}")

    made = [count(3, "GET of a manifest by tag", lambda: ask("GET", "v1")),
            count(1, "GET of a manifest by tag, again", lambda: ask("GET", "v1")),
            count(1, "HEAD of a manifest by tag, again", lambda: ask("HEAD", "v1")),
            count(1, "GET of a manifest by digest, again", lambda: ask("GET", picture.digest))]
    return "manifest by tag {}, again {}, its HEAD {}, by digest {}".format(*made)


def manifests_in_memory_know_what_other_nodes_do(context, swift):
    """Pushes over a tag and deletes count from the next request on, wherever the manifest is kept."""
    one, two = images.image("swift-warm-one"), images.image("swift-warm-two")
    with swift.registry(context.registryd) as here, swift.registry(context.registryd) as there:
        pair = [Registry(here.port), Registry(there.port)]
        path = "/v2/warm/one/manifests/"

        def digest(registry, reference):
            answer = expect(registry.request("GET", path + reference, {"Accept": images.OCI_MANIFEST}), 200, 404)
            head = registry.request("HEAD", path + reference, {"Accept": images.OCI_MANIFEST})
            equal((head.status, head.get("Docker-Content-Digest")), (answer.status, answer.get("Docker-Content-Digest")),
                  "HEAD beside GET")
            return answer.get("Docker-Content-Digest")

        for turn in range(2):
            near, far = pair[turn % 2], pair[(turn + 1) % 2]
            near.push("warm/one", one, "v1")
            for registry in (far, far, near, near):
                equal(digest(registry, "v1"), one.digest, "the tag after the push")
            far.push("warm/one", two, "v1")
            equal(digest(near, "v1"), two.digest, "the tag after the other node's push")
            equal(digest(near, one.digest), one.digest, "what the tag pointed at before")
            expect(far.request("DELETE", path + "v1"), 202)
            equal(digest(near, "v1"), None, "the tag after the other node's delete")
            equal(digest(near, two.digest), two.digest, "its manifest, which stays")
            far.push("warm/one", two, "v1")
            equal(digest(near, "v1"), two.digest, "the tag after another push")
            expect(far.request("DELETE", path + two.digest), 202)
            for reference in ("v1", two.digest):
                equal(digest(near, reference), None, f"{reference} after the other node's delete of the digest")
        equal(digest(pair[0], one.digest), one.digest, "the manifest of the other tag")
        expect(pair[0].request("GET", f"/v2/warm/two/manifests/{one.digest}"), 404)


def each_operation_says_its_requests(context, swift):
    """In its line of the log and in the metrics, so that one sees which kind of request makes Swift busy."""
    layer = images.pattern("swift-told", LARGE)
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port)
        name = push_streamed(registry, "told/one", layer)

        before = requests_made(daemon)
        registry.pull_blob("told/one", name)
        made = requests_made(daemon) - before
        equal(made, 7, "requests for a blob of three segments: the manifest, and each segment looked at and read")
        last = [line for line in daemon.log().splitlines() if "method=GET" in line and "/blobs/" in line][-1]
        check(f" storage_requests={made} " in last, f"the line does not say {made} requests: {last}")
        return f"a GET of three segments: {made}"


def two_nodes_share_an_upload(context, swift):
    data = images.pattern("swift-nodes", LARGE)
    name = images.digest(data)
    with swift.registry(context.registryd) as one, swift.registry(context.registryd) as two:
        registries = [Registry(one.port), Registry(two.port)]
        location = expect(registries[0].request("POST", "/v2/nodes/one/blobs/uploads/"), 202).get("Location")
        piece = 700_000
        for number, begin in enumerate(range(0, len(data), piece)):
            part = data[begin:begin + piece]
            headers = {"Content-Type": "application/octet-stream",
                       "Content-Range": f"{begin}-{begin + len(part) - 1}"}
            answer = expect(registries[(number + 1) % 2].request("PATCH", location, headers, part), 202)
            old, location = location, answer.get("Location")
        again = registries[0].request("PATCH", old, {"Content-Range": f"{begin}-{begin + len(part) - 1}"},
                                      b"x" * len(part))
        expect(again, 202, 404, 416)  # a replay forks, or is refused
        expect(registries[1].request("PUT", http.with_query(location, [("digest", name)])), 201)
        for registry in registries:
            equal(registry.pull_blob("nodes/one", name), data, "the blob")
    with swift.old_registry() as old_registry:
        equal(Registry(old_registry.port).pull_blob("nodes/one", name), data, "the blob as the old registry reads it")


FAULTS = [("method=PUT", "status=503"), ("method=PUT", "status=503", "when=after"),
          ("method=DELETE", "status=503", "when=after"), ("method=HEAD", "status=500"), ("method=GET", "status=503"),
          ("method=GET", "cut=1000"), ("method=PUT", "status=401"), ("method=GET", "status=429")]


def faults_are_not_seen(context, swift, faults=()):
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port, timeout=120)
        for number, rule in enumerate(faults or FAULTS):
            picture = images.image(f"swift-fault-{number}", layer_size=50_000)
            for skip in range(3):
                swift.fault("proxy", "path=/" + "images", "count=1", f"skip={skip}", *rule)
            swift.aio("revoke")
            registry.push("faults/one", picture, f"v{number}")
            push_streamed(registry, "faults/one", images.pattern(f"swift-fault-layer-{number}", LARGE))
            swift.aio("revoke")
            registry.pull("faults/one", picture, f"v{number}")
            swift.aio("fault", "clear")


def a_lost_segment_is_repaired(context, swift):
    data = images.pattern("swift-lost", LARGE)
    account = swift.connect()
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port)
        before = set(account.names("production/segments/"))
        name = push_streamed(registry, "lost/one", data)
        segments = sorted(set(account.names("production/segments/")) - before)
        equal(len(segments), 3, "segments of the blob")
        expect(account.request("DELETE", segments[1]), 204)
        for _ in range(2):
            answer = expect(registry.request("GET", f"/v2/lost/one/blobs/{name}"), 503)
            check("damaged" in answer.json()["errors"][0]["message"], f"the answer does not say why: {answer!r}")
        check(segments[1] in daemon.log(), "the log does not name the lost segment")
        check('registry_ha_storage_damaged_total{driver="swift"} 1\n' in http.Client(daemon.debug_port).request(
            "GET", "/metrics").body.decode(), "the damage was not counted once")
        expect(registry.request("HEAD", f"/v2/lost/one/blobs/{name}"), 404)
        expect(registry.request("POST", f"/v2/lost/two/blobs/uploads/?mount={name}&from=lost/one"), 202)
        push_streamed(registry, "lost/one", data)
        equal(registry.pull_blob("lost/one", name), data, "the blob after another push")


def fsck_names_a_lost_segment(context, swift):
    """What nobody has pulled since is found, too; the next push repairs it."""
    data = images.pattern("swift-fsck", LARGE)
    account = swift.connect()
    with swift.registry(context.registryd, control=True) as daemon:
        registry = Registry(daemon.port)
        picture = images.image("swift-fsck", layers=1)
        registry.push("fsck/one", picture, "v1")
        before = set(account.names("production/segments/"))
        name = push_streamed(registry, "fsck/one", data)

        def findings():
            done = subprocess.run([os.path.join(os.path.dirname(daemon.binary), "docker-registryctl"), "--socket",
                                   daemon.control, "fsck", "--json", "--repository", "fsck/one"], timeout=120,
                                  capture_output=True, text=True, check=False)
            return [json.loads(line) for line in done.stdout.splitlines()][:-1], done.returncode

        equal(findings(), ([], 0), "findings of a sound storage")
        segments = sorted(set(account.names("production/segments/")) - before)
        expect(account.request("DELETE", segments[1]), 204)
        found, code = findings()
        equal([(each["kind"], each["digest"]) for each in found], [("damaged_blob", name)], "findings")
        check(segments[1] in found[0]["detail"], f"the lost segment is not named: {found}")
        equal(code, 2, "exit code")
        push_streamed(registry, "fsck/one", data)
        equal(findings(), ([], 0), "findings after the push")
        equal(registry.pull_blob("fsck/one", name), data, "the blob after another push")


def lists_lag_alone(context, swift):
    picture = images.image("swift-lag")
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port)
        registry.await_lists()
        swift.aio("lag", "on")
        try:
            registry.push("lag/one", picture, "v1")
            registry.push("lag/one", picture, "v2")
            name = push_streamed(registry, "lag/one", images.pattern("swift-lag-layer", LARGE))
            equal(len(registry.pull_blob("lag/one", name)), LARGE, "size of the layer")
            registry.pull("lag/one", picture, "v1")
            equal(sorted(registry.tags("lag/one")), ["v1", "v2"], "tags")
            expect(registry.request("DELETE", f"/v2/lag/one/manifests/{picture.digest}"), 202)
            expect(registry.request("GET", "/v2/lag/one/manifests/v1"), 404)
            equal(registry.tags("lag/one"), [], "tags after the delete")
            registry.push("lag/one", picture, "v3")
            registry.pull("lag/one", picture, "v3")
            equal(registry.tags("lag/one"), ["v3"], "tags after another push")
        finally:
            swift.aio("lag", "off")
            swift.aio("flush")


def lists_know_what_other_nodes_write(context, swift):
    """Within five seconds (of a released build), by the journal: also while container listings lag, and for a node that started later."""
    one, two = images.image("swift-peers-one"), images.image("swift-peers-two")

    def settles(registries, repository, wanted, what):
        end = time.monotonic() + 5 * context.patience
        for registry in registries:
            while registry.tags(repository) != wanted and time.monotonic() < end:
                time.sleep(0.1)
            equal(registry.tags(repository), wanted, what)

    with swift.registry(context.registryd, peers="1s") as here, swift.registry(context.registryd, peers="1s") as there:
        pair = [Registry(here.port), Registry(there.port)]
        for registry in pair:
            registry.await_lists()
        swift.aio("lag", "on")
        try:
            pair[0].push("peers/one", one, "v1")
            settles(pair, "peers/one", ["v1"], "tags after a push at the other node")
            names = expect(pair[1].request("GET", "/v2/_catalog?n=1000"), 200).json()["repositories"]
            check("peers/one" in names, f"catalogue of the other node: {names}")
            pair[1].push("peers/one", two, "v2")
            pair[1].push("peers/one", two, "v1")
            settles(pair, "peers/one", ["v1", "v2"], "tags after pushes at both")
            # Of the tag that was pushed there this node learns before it deletes.
            pair[1].push("peers/one", two, "v3")
            expect(pair[0].request("DELETE", f"/v2/peers/one/manifests/{two.digest}"), 202)
            settles(pair, "peers/one", [], "tags after a delete")
            pair[0].push("peers/one", two, "v4")
            for registry in pair:
                expect(registry.request("GET", "/v2/peers/one/manifests/v3"), 404)
            with swift.registry(context.registryd, peers="1s") as third:
                pair.append(Registry(third.port))
                pair[2].await_lists()
                pair[2].push("peers/one", one, "v5")
                settles(pair, "peers/one", ["v4", "v5"], "tags after a push at a third node")
        finally:
            swift.aio("lag", "off")
            swift.aio("flush")


def skopeo_pushes_and_pulls(context, swift):
    context.tool("skopeo")
    picture = images.image("swift-skopeo", layer_size=200_000)
    with swift.registry(context.registryd) as daemon, Skopeo() as skopeo:
        skopeo.push(picture, daemon.port, "skopeo/one:v1")
        skopeo.check_pull(picture, daemon.port, "skopeo/one:v1")


def both_ways(context, swift):
    ours = {f"ours-{n}": images.image(f"swift-ours-{n}", layer_size=size) for n, size in enumerate((10, 90_000, 6_000_000))}
    old = {f"old-{n}": images.image(f"swift-old-{n}", layer_size=size) for n, size in enumerate((10, 90_000, 6_000_000))}
    with swift.old_registry() as peer:
        for tag, picture in old.items():
            Registry(peer.port, timeout=60).push("both/one", picture, tag)
    with swift.registry(context.registryd) as daemon:
        registry = Registry(daemon.port)
        for tag, picture in old.items():
            registry.pull("both/one", picture, tag)
        for tag, picture in ours.items():
            for data in picture.blobs.values():
                push_streamed(registry, "both/one", data)
            registry.push_manifest("both/one", tag, picture.manifest, picture.media_type)
        for picture in old.values():  # the same again, over the old one's objects
            for name, data in picture.blobs.items():
                push_streamed(registry, "both/one", data)
                equal(registry.pull_blob("both/one", name), data, "a blob that both have written")
    with swift.old_registry() as peer:
        registry = Registry(peer.port, timeout=60)
        for tag, picture in {**ours, **old}.items():
            registry.pull("both/one", picture, tag)
