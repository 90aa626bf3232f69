"""The storage layout is the old registry's: each serves what the other wrote, byte for byte, and misses what the other
deleted. The peer is Debian's docker-registry 2.8.2."""

import contextlib
import os
import shutil
import tarfile
import tempfile

from lib import images
from lib.clients import Skopeo
from lib.daemon import Daemon, OldRegistry
from lib.testing import Registry, check, equal, expect

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../fixtures/layout/fs-tree.tar.gz")
DEMO = "sha256:2ebe8353275f8bcd3a905cac36e8c404bf98a9cda973f52b9e89c550f7904184"
CONFIG = "sha256:d90a7db66d61f9fe8cf9f4c54ae2175addfe13846dcc129aad1ae400be8e8aea"
LAYER = "sha256:611967c8200582b039875fe9a9201503015a648c741c302ede3fd112047211fb"
EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
UP = "sha256:1605cda1cdb64c9d92dc7adcf424d16f7dd8cbbdba6ff7ce6bb6e05b0730b081"
ACCEPT = ", ".join([images.OCI_MANIFEST, images.OCI_INDEX, images.DOCKER_MANIFEST, images.DOCKER_LIST])


def tests(context):
    yield "a tree that the old registry wrote is served", lambda: serves_old_tree(context)
    context.tool("docker-registry")
    for function in (serves_what_the_old_pushed, old_serves_what_we_push, deleted_here_is_gone_there,
                     deleted_there_is_gone_here, writes_the_same_tree, sha512_does_not_trouble_the_old, skopeo_both_ways):
        yield function.__name__.replace("_", " "), lambda function=function: function(context)


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="rha-layout-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def serves_old_tree(context):
    with folder() as root:
        with tarfile.open(FIXTURE) as archive:
            archive.extractall(root)
        before = snapshot(root)
        with Daemon(context.registryd, root=root) as daemon:
            registry = Registry(daemon.port)
            for reference in ("v1", DEMO):
                answer = expect(registry.request("GET", f"/v2/releng/demo/manifests/{reference}"), 200)
                equal(images.digest(answer.body), DEMO, f"digest of {reference}")
                equal(answer.get("Content-Type"), images.OCI_MANIFEST, "its type")
            equal(len(registry.pull_blob("releng/demo", CONFIG)), 311, "size of the config")
            equal(registry.pull_blob("releng/empty", EMPTY), b"", "the empty blob")
            equal(registry.tags("releng/demo"), ["v1"], "tags")
            names = expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"]
            check("releng/demo" in names, f"catalogue: {names}")
            # Blobs whose data are lost, and a layer link that was deleted: 404, never 500.
            for repository, blob in (("releng/demo", LAYER), ("releng/up", UP), ("releng/mnt", UP)):
                for method in ("GET", "HEAD"):
                    expect(registry.request(method, f"/v2/{repository}/blobs/{blob}"), 404)
            expect(registry.request("GET", "/v2/releng/mnt/tags/list"), 200, 404)
        after = snapshot(root)
        equal({name: after.get(name) for name in before}, before, "what the old registry wrote")
    return None


def snapshot(root):
    """All objects of the 2.8 layout but uploads: {path: bytes}."""
    found = {}
    top = os.path.join(root, "docker/registry/v2")
    for path, _, files in os.walk(top):
        for name in files:
            if "/_uploads/" not in path + "/":
                with open(os.path.join(path, name), "rb") as file:
                    found[os.path.relpath(os.path.join(path, name), top)] = file.read()
    return found


def pictures():
    one, two = images.image("layout-one", docker=True), images.image("layout-two", docker=True)
    return {"docker": one, "oci": images.image("layout-oci"), "list": images.index([one, two], docker=True),
            "index": images.index([images.image("layout-oci"), images.image("layout-oci-2")])}


def push_all(registry, repository):
    for tag, picture in pictures().items():
        registry.push(repository, picture, tag)


def pull_all(registry, repository):
    for tag, picture in pictures().items():
        registry.pull(repository, picture, tag)
        registry.pull(repository, picture)
    equal(sorted(registry.tags(repository)), sorted(pictures()), "tags")


def serves_what_the_old_pushed(context):
    with folder() as root:
        with OldRegistry(root) as old:
            push_all(Registry(old.port), "layout/old")
        with Daemon(context.registryd, root=root) as daemon:
            pull_all(Registry(daemon.port), "layout/old")
            push_all(Registry(daemon.port), "layout/old")  # the same again, over the old one's files


def old_serves_what_we_push(context):
    with folder() as root:
        with Daemon(context.registryd, root=root) as daemon:
            push_all(Registry(daemon.port), "layout/new")
        with OldRegistry(root) as old:
            registry = Registry(old.port)
            pull_all(registry, "layout/new")
            equal(expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"], ["layout/new"], "catalogue")
            registry.push("layout/new", images.image("layout-later"), "later")
        with Daemon(context.registryd, root=root) as daemon:
            Registry(daemon.port).pull("layout/new", images.image("layout-later"), "later")


def gone(registry, target):
    expect(registry.request("GET", target, {"Accept": ACCEPT}), 404)


def deleted_here_is_gone_there(context):
    picture, other = pictures()["oci"], pictures()["docker"]
    with folder() as root:
        with Daemon(context.registryd, root=root) as daemon:
            registry = Registry(daemon.port)
            for tag in ("a", "b"):
                registry.push("layout/gone", picture, tag)
            registry.push("layout/gone", other, "c")
            blob = registry.push_blob("layout/gone", b"to be deleted")
            for target in ("manifests/a", f"manifests/{other.digest}", f"blobs/{blob}"):
                expect(registry.request("DELETE", f"/v2/layout/gone/{target}"), 202)
        with OldRegistry(root) as old:
            registry = Registry(old.port)
            equal(registry.tags("layout/gone"), ["b"], "tags of the old registry")
            for target in ("manifests/a", "manifests/c", f"manifests/{other.digest}", f"blobs/{blob}"):
                gone(registry, f"/v2/layout/gone/{target}")
            registry.pull("layout/gone", picture, "b")
            registry.push("layout/gone", other, "c")
            registry.pull("layout/gone", other, "c")


def deleted_there_is_gone_here(context):
    picture, other = pictures()["oci"], pictures()["docker"]
    with folder() as root:
        with OldRegistry(root) as old:
            registry = Registry(old.port)
            registry.push("layout/gone", picture, "a")
            registry.push("layout/gone", other, "b")
            blob = registry.push_blob("layout/gone", b"to be deleted")
            expect(registry.request("DELETE", f"/v2/layout/gone/manifests/{picture.digest}"), 202)
            expect(registry.request("DELETE", f"/v2/layout/gone/blobs/{blob}"), 202)
        with Daemon(context.registryd, root=root) as daemon:
            registry = Registry(daemon.port)
            for target in ("manifests/a", f"manifests/{picture.digest}", f"blobs/{blob}"):
                gone(registry, f"/v2/layout/gone/{target}")
            registry.pull("layout/gone", other, "b")
            equal(registry.tags("layout/gone"), ["b"], "tags")


def writes_the_same_tree(context):
    trees = []
    for start in (OldRegistry, lambda root: Daemon(context.registryd, root=root)):
        with folder() as root:
            with start(root) as daemon:
                push_all(Registry(daemon.port), "layout/tree")
            trees.append(snapshot(root))
    old, new = trees
    equal(sorted(new), sorted(old), "paths written")
    for name, data in old.items():
        equal(new[name], data, f"bytes of {name}")
    return f"{len(old)} objects"


def sha512_does_not_trouble_the_old(context):
    picture = pictures()["oci"]
    with folder() as root:
        with Daemon(context.registryd, root=root) as daemon:
            registry = Registry(daemon.port)
            registry.push("layout/mixed", picture, "v1")
            registry.push_blob("layout/mixed", b"sha512 content", "sha512")
            registry.push_manifest("layout/mixed", images.digest(picture.manifest, "sha512") + "?tag=v512",
                                   picture.manifest, picture.media_type)
        with OldRegistry(root) as old:
            registry = Registry(old.port)
            registry.pull("layout/mixed", picture, "v1")
            check("v1" in registry.tags("layout/mixed"), "the old registry lost its tag")
            equal(expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"], ["layout/mixed"],
                  "catalogue of the old registry")


def skopeo_both_ways(context):
    context.tool("skopeo")
    picture = pictures()["index"]
    with folder() as root, Skopeo() as skopeo:
        with Daemon(context.registryd, root=root) as daemon:
            skopeo.push(picture, daemon.port, "layout/skopeo:ours")
        with OldRegistry(root) as old:
            skopeo.check_pull(picture, old.port, "layout/skopeo:ours")
            skopeo.push(picture, old.port, "layout/skopeo:theirs")
        with Daemon(context.registryd, root=root) as daemon:
            skopeo.check_pull(picture, daemon.port, "layout/skopeo:theirs")
            skopeo.check_pull(picture, daemon.port, "layout/skopeo:ours")
