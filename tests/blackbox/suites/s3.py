"""registryd on an S3, Swift's own: the same as on Swift (suites/swift.py), and an old registry's bucket is taken over and
given back."""

from lib import images
from lib.s3 import S3
from lib.swift import requests_counter
from lib.testing import Registry, check, equal, expect
from suites import swift as store

FAULTS = [("method=PUT", "status=503"), ("method=PUT", "status=503", "when=after"), ("method=POST", "status=500"),
          ("method=POST", "status=503", "when=after"), ("method=DELETE", "status=503", "when=after"),
          ("method=HEAD", "status=500"), ("method=GET", "status=503"), ("method=GET", "cut=1000"),
          ("method=GET", "status=429")]


def tests(context):
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with S3() as s3:
        yield "requests are few", lambda: requests_are_few(context, s3)
        yield "manifests in memory know what other nodes do", lambda: store.manifests_in_memory_know_what_other_nodes_do(
            context, s3)
        yield "two nodes share an upload", lambda: store.two_nodes_share_an_upload(context, s3)
        yield "faults are not seen", lambda: store.faults_are_not_seen(context, s3, FAULTS)
        yield "lists lag alone", lambda: store.lists_lag_alone(context, s3)
        yield "keys are exchanged without a restart", lambda: keys_are_exchanged(context, s3)
        yield "a bucket that is not there ends the start", lambda: missing_bucket(context, s3)
        yield "skopeo pushes and pulls", lambda: store.skopeo_pushes_and_pulls(context, s3)
        context.tool("docker-registry")
        yield "each registry serves what the other wrote", lambda: store.both_ways(context, s3)
    with S3() as s3:
        context.tool("docker-registry")
        yield "an old registry's bucket is taken over", lambda: adoption(context, s3)


def requests_are_few(context, s3):
    picture = images.image("s3-few")
    with s3.registry(context.registryd, segment="32MiB") as daemon:
        registry = Registry(daemon.port)
        registry.push("few/one", picture, "v1")
        count = requests_counter(daemon, "S3")
        layer = images.pattern("s3-few-layer", 8_000_000)
        large = images.pattern("s3-few-large", 70_000_000)
        blob = images.digest(layer)
        made = [count(6, "push of a layer of one part", lambda: store.push_streamed(registry, "few/one", layer)),
                count(14, "push of a layer of three parts", lambda: store.push_streamed(registry, "few/one", large)),
                count(2, "HEAD of a blob", lambda: expect(registry.request("HEAD", f"/v2/few/one/blobs/{blob}"), 200)),
                count(3, "GET of a blob", lambda: registry.pull_blob("few/one", blob)),
                store.manifests_cost_little(registry, "few/one", picture, count)]
        return "requests to S3: layer push {} (of three parts {}), blob HEAD {}, blob GET {}, {}".format(*made)


def keys_are_exchanged(context, s3):
    """The storage refuses the keys in force, and the file has others by then."""
    picture = images.image("s3-keys")
    s3.write_credentials("not-the-key")
    try:
        with s3.registry(context.registryd) as daemon:
            raise AssertionError(f"it started with a wrong key:\n{daemon.log()}")
    except AssertionError as error:
        check("SignatureDoesNotMatch" in str(error) and s3.credentials in str(error), str(error))
        check("not-the-key" not in str(error), "the log has the secret")
    finally:
        s3.write_credentials("swiftaiokey")
    with s3.registry(context.registryd) as daemon:
        Registry(daemon.port).push("keys/one", picture, "v1")


def missing_bucket(context, s3):
    try:
        with s3.registry(context.registryd, bucket="nowhere"):
            raise AssertionError("it started")
    except AssertionError as error:
        check("storage.s3.bucket" in str(error), str(error))


def objects(s3):
    """All that either registry stores for good: {key: bytes}."""
    account = s3.connect()
    root = "production/docker/registry/v2/"
    return {name: account.request("GET", name).body for name in account.names(root) if "/_uploads/" not in name}


def pictures():
    sizes = (0, 10, 40_000, 6_000_000, 40_000_000)  # the old registry copies what is larger than 32 MB in parts
    several = {f"size-{size}": images.image(f"s3-adopt-{size}", layers=1, layer_size=size) for size in sizes}
    several.update({f"small-{n}": images.image(f"s3-adopt-small-{n}", layers=1, docker=n % 2 == 0) for n in range(20)})
    several["list"] = images.index([several["small-0"], several["small-2"]], docker=True)
    several["index"] = images.index([several["small-1"], several["small-3"]])
    return several


def adoption(context, s3):
    old = pictures()
    ours = {f"ours-{n}": images.image(f"s3-adopt-ours-{n}", layer_size=size) for n, size in enumerate((10, 7_000_000))}
    gone = "small-5"
    with s3.old_registry() as peer:
        for number, (tag, picture) in enumerate(old.items()):
            Registry(peer.port, timeout=60).push(f"adopt/{number % 3}", picture, tag)
    before = objects(s3)
    homes = {tag: f"adopt/{number % 3}" for number, tag in enumerate(old)}
    with s3.registry(context.registryd) as daemon:
        registry = Registry(daemon.port, timeout=60)
        registry.await_lists()
        for tag, picture in old.items():
            registry.pull(homes[tag], picture, tag)
        after = objects(s3)
        equal({key: after.get(key) for key in before}, before, "what the old registry wrote")
        equal(sorted(expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"]),
              ["adopt/0", "adopt/1", "adopt/2"], "catalogue")
        for tag, picture in ours.items():
            registry.push("adopt/0", picture, tag)
            registry.push("adopt/new", picture, tag)
        registry.push(homes["size-40000000"], old["size-40000000"], "again")
        expect(registry.request("DELETE", f"/v2/{homes[gone]}/manifests/{old[gone].digest}"), 202)
        expect(registry.request("DELETE", f"/v2/{homes['small-6']}/manifests/small-6"), 202)
    with s3.old_registry() as peer:
        registry = Registry(peer.port, timeout=60)
        for tag, picture in old.items():
            if tag not in (gone, "small-6"):
                registry.pull(homes[tag], picture, tag)
        for tag, picture in ours.items():
            registry.pull("adopt/0", picture, tag)
            registry.pull("adopt/new", picture, tag)
        registry.pull(homes["size-40000000"], old["size-40000000"], "again")
        for tag in (gone, "small-6"):
            expect(registry.request("GET", f"/v2/{homes[tag]}/manifests/{tag}"), 404)
            check(tag not in registry.tags(homes[tag]), f"{tag} is listed")
    return f"{len(old)} images of the old registry, {len(before)} objects unchanged"
