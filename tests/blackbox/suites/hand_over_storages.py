"""Hand-overs under load (suites/hand_over.py) with what a site has: images in Swift or an S3, several storages, blobs on a
local disk, HTTPS."""

import hashlib
import os
import shutil
import tempfile

from lib import http, images
from lib.certificates import Authority
from lib.s3 import S3
from lib.testing import Registry, check, equal, expect
from suites.hand_over import (BLOCK, Installed, ask_on_new_connections, hand_over_under_load, list_all_the_time,
                              pull_on_one_connection, push_all_the_time, slow_push)

BLOCKS = 48


def tests(context):
    context.tool("openssl")
    yield "over HTTPS", lambda: over_https(context)
    context.tool("swift-proxy-server")
    context.tool("memcached")
    with S3() as stores:  # a Swift that has both interfaces
        yield "images in Swift", lambda: in_swift(context, stores)
        yield "images in an S3, a cache on disk, over HTTPS", lambda: in_s3(context, stores)
        yield "several storages", lambda: routed(context, stores)


def large_push(load):
    slow_push(load, BLOCKS)


def large_pulls(load):
    """One answer that outlasts all hand-overs, and whole pulls of the same blob meanwhile."""
    data = images.pattern("large-pull", BLOCKS * BLOCK)
    registry = Registry(load.port, timeout=60)
    name = registry.push_blob("load/large", data)
    with http.RawConnection(load.port, timeout=120, receive_buffer=65536) as slow:
        slow.request("GET", f"/v2/load/large/blobs/{name}")
        status, _, _ = slow.read_head()
        equal(status, 200, "status of the large pull")
        read = hashlib.sha256(slow.read_bytes(BLOCK))
        while not load.go_on.wait(0.2):
            check(registry.pull_blob("load/large", name) == data, "a large blob as pulled meanwhile")
            load.count("large pulls")
        for _ in range(BLOCKS - 1):
            read.update(slow.read_bytes(BLOCK))
        equal("sha256:" + read.hexdigest(), name, "digest of the large pull")


def push_into_both(load):
    """Images whose layer is mounted from one storage into the other."""
    registry = Registry(load.port)
    number = 0
    while not load.over.is_set():
        number += 1
        picture = images.image(f"pushed-{number}", layers=1)
        name = registry.push_blob("load/from", next(iter(picture.blobs.values())))
        expect(registry.request("POST", f"/v2/closed/to/blobs/uploads/?mount={name}&from=load/from"), 201)
        registry.push("closed/to", picture, f"v{number}")
        registry.pull("closed/to", picture, f"v{number}")
        load.count("mounts")


WORKS = [push_all_the_time, pull_on_one_connection, list_all_the_time, large_pulls]


def run(daemon, more=()):
    Registry(daemon.port).await_lists()
    return hand_over_under_load(daemon, [*WORKS, *more, large_push], times=2, least=1,
                                counts=("pushes", "pulls", "lists", "large pulls"))


def over_https(context):
    """With a renewed certificate from the second process on."""
    folder = tempfile.mkdtemp(prefix="rha-hand-over-")
    try:
        authority = Authority(folder)
        with Installed(context.registryd, authority=authority) as daemon:
            note = run(daemon, [ask_on_new_connections])
            authority.issue("server", ("localhost", "127.0.0.1"))
            daemon.wait_for_end(daemon.hand_over())
            Registry(daemon.port).push("load/after", images.image("after", layers=1), "v1")
            return note
    finally:
        shutil.rmtree(folder)


def in_swift(context, stores):
    """Each process knows of the other's journal, too. More ask for lists than may wait for an index that is not ready."""
    with stores.as_swift().registry(context.registryd, make=Installed, peers="500ms") as daemon:
        return run(daemon, [list_all_the_time] * 12)


def in_s3(context, stores):
    folder = tempfile.mkdtemp(prefix="rha-hand-over-")
    cache = f"cache:\n  disk:\n    path: {folder}/cache\n    bytes: 200MiB\n"
    try:
        with stores.registry(context.registryd, make=Installed, authority=Authority(folder + "/tls"),
                             extra_config=cache) as daemon:
            note = run(daemon)
            check(os.listdir(folder + "/cache/verified/sha256"), "the cache on disk holds nothing")
            equal(os.listdir(folder + "/cache/filling"), [], "leftovers in the cache on disk")
            return note
    finally:
        shutil.rmtree(folder)


def routed(context, stores):
    """The main one in Swift, others on a disk and in an S3; with a cache in front of all."""
    folder = tempfile.mkdtemp(prefix="rha-hand-over-")
    routes = f"""  routes:
    - name: closed
      namespaces: [closed]
      driver: filesystem
      filesystem: {{root: {folder}/closed}}
    - name: large
      namespaces: [load/large]
      driver: s3
      s3: {{endpoint: "{stores.endpoint}", path_style: true, bucket: images, credentials_file: {stores.credentials}, prefix: large}}
"""
    cache = f"cache:\n  disk:\n    path: {folder}/cache\n    bytes: 200MiB\n"
    os.mkdir(folder + "/closed")
    try:
        with stores.as_swift().registry(context.registryd, make=Installed, storage=routes, extra_config=cache) as daemon:
            note = run(daemon, [push_into_both])
            check("mounts" in note, f"nobody pushed into the second storage: {note}")
            return note
    finally:
        shutil.rmtree(folder)
