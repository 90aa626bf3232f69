"""Several storages in one registry: each namespace lies in its own, whole, so that the old registry serves it by itself;
mounts and pushes of one image to both; a namespace that moves."""

import contextlib
import os
import shutil
import tempfile

from lib import images
from lib.clients import Skopeo
from lib.daemon import Daemon, OldRegistry
from lib.testing import Registry, check, equal, expect

CLOSED, OPEN = "restricted/app", "releng/app"


def tests(context):
    yield "an image lies in its namespace's storage, and nothing of it elsewhere", lambda: apart(context)
    yield "a mount from one storage into another brings the bytes along", lambda: mounts(context)
    yield "lists know all storages, also after the index was lost", lambda: lists(context)
    yield "what lies where its namespace does not go is told of, and not served", lambda: misplaced(context)
    yield "a broken second storage is a failed health check, and refuses only its own", lambda: one_broken(context)
    yield "the old registry serves the second storage by itself", lambda: old_alone(context)


@contextlib.contextmanager
def routed(context, routes=True):
    folder = tempfile.mkdtemp(prefix="rha-routing-")
    second = os.path.join(folder, "closed")
    os.makedirs(second)
    storage = f"""  routes:
    - name: closed
      namespaces: [restricted]
      driver: filesystem
      filesystem: {{root: {second}}}
"""
    try:
        with Daemon(context.registryd, storage=storage if routes else "") as daemon:
            yield daemon, Registry(daemon.port), second
    finally:
        shutil.rmtree(folder)


def blob_files(root):
    """The digests whose data lie below a storage's root."""
    top = os.path.join(root, "docker/registry/v2/blobs/sha256")
    return {"sha256:" + name for _, names, _ in os.walk(top) for name in names if len(name) == 64}


def repositories_in(root):
    top = os.path.join(root, "docker/registry/v2/repositories")
    return sorted(os.path.relpath(path, top) for path, names, _ in os.walk(top) if "_manifests" in names)


def apart(context):
    with routed(context) as (daemon, registry, second):
        closed, public = images.image("routing-closed"), images.image("routing-open")
        registry.push(CLOSED, closed, "v1")
        registry.push(OPEN, public, "v1")
        equal(blob_files(second), {closed.digest, *closed.blobs}, "blobs of the second storage")
        equal(blob_files(daemon.root), {public.digest, *public.blobs}, "blobs of the main one")
        equal(repositories_in(second), [CLOSED], "repositories of the second storage")
        equal(repositories_in(daemon.root), [OPEN], "repositories of the main one")
        registry.pull(CLOSED, closed, "v1")
        registry.pull(OPEN, public, "v1")
        expect(registry.request("DELETE", f"/v2/{CLOSED}/manifests/v1"), 202)
        expect(registry.request("GET", f"/v2/{CLOSED}/manifests/v1"), 404)


def mounts(context):
    data = images.pattern(7, 3 * 1024 * 1024 + 11)
    with routed(context) as (daemon, registry, second):
        name = registry.push_blob(CLOSED, data)
        target = f"/v2/{OPEN}/blobs/uploads/?mount={name}&from={CLOSED}"
        answer = expect(registry.request("POST", target), 201)
        equal(answer.get("Docker-Content-Digest"), name, "the digest of the mounted blob")
        equal(registry.pull_blob(OPEN, name), data, "the mounted blob")
        check(name in blob_files(daemon.root), "its data lie in the main storage")
        # Damaged at its source: the client is told, and nothing is published.
        other = registry.push_blob(CLOSED, b"another layer")
        path = os.path.join(second, f"docker/registry/v2/blobs/sha256/{other[7:9]}/{other[7:]}/data")
        with open(path, "r+b") as file:
            file.write(b"X")
        answer = registry.request("POST", f"/v2/{OPEN}/blobs/uploads/?mount={other}&from={CLOSED}")
        check(answer.status >= 500, f"a mount of damaged bytes is answered {answer.status}")
        expect(registry.request("HEAD", f"/v2/{OPEN}/blobs/{other}"), 404)
        check(other not in blob_files(daemon.root), "damaged bytes were published")


def lists(context):
    with routed(context) as (daemon, registry, _):
        picture = images.image("routing-lists")
        for repository in (CLOSED, OPEN, "restricted"):
            registry.push(repository, picture, "v1")
        for _ in range(2):
            answer = expect(registry.request("GET", "/v2/_catalog"), 200)
            equal(answer.json()["repositories"], [OPEN, "restricted", CLOSED], "catalogue")
            equal(registry.tags(CLOSED), ["v1"], "tags")
            daemon.lose_index()


def misplaced(context):
    picture = images.image("routing-old")
    with routed(context, routes=False) as (daemon, registry, second):
        registry.push(CLOSED, picture, "v1")
        config = os.path.join(daemon.folder, "registryd.yaml")
        with open(config, encoding="utf-8") as file:
            text = file.read()
        route = f"  routes: [{{name: closed, namespaces: [restricted], driver: filesystem, filesystem: {{root: {second}}}}}]\n"
        with open(config, "w", encoding="utf-8") as file:
            file.write(text.replace("  driver: filesystem\n", "  driver: filesystem\n" + route, 1))
        daemon.restart()
        expect(registry.request("GET", f"/v2/{CLOSED}/manifests/v1"), 404)
        equal(expect(registry.request("GET", "/v2/_catalog"), 200).json()["repositories"], [], "catalogue")
        log = daemon.log()
        check("repository_in_another_storage" in log and "skopeo" in log, "the log does not tell of it")
        registry.push(CLOSED, picture, "v1")
        registry.pull(CLOSED, picture, "v1")


def one_broken(context):
    with routed(context) as (daemon, registry, second):
        closed, public = images.image("routing-closed"), images.image("routing-open")
        registry.push(CLOSED, closed, "v1")
        registry.push(OPEN, public, "v1")
        os.rename(os.path.join(second, "docker"), os.path.join(second, "gone"))
        with open(os.path.join(second, "docker"), "wb"):
            pass  # a file where a folder must be
        answer = registry.request("GET", f"/v2/{CLOSED}/manifests/v1")
        check(answer.status in (404, 500, 503), f"answered {answer.status}")
        registry.pull(OPEN, public, "v1")
        registry.push(OPEN, images.image("routing-more"), "v2")
        health = Registry(daemon.debug_port).request("GET", "/debug/health")
        equal(health.status, 503, "status of the health check")


def old_alone(context):
    context.tool("docker-registry")
    picture = images.image("routing-old-alone", docker=True)
    with routed(context) as (daemon, _, second), Skopeo() as skopeo:
        skopeo.push(picture, daemon.port, f"{CLOSED}:v1")
        with OldRegistry(root=second) as old:
            registry = Registry(old.port)
            registry.pull(CLOSED, picture, "v1")
            equal(registry.tags(CLOSED), ["v1"], "tags by the old registry")
