"""A registry with very many images, made without pushing them: rows straight into the index of a registryd that is
down (src/index/schema.cpp), and configs into its storage."""

import hashlib
import json
import os
import sqlite3

_BEGIN = 1_750_000_000_000_000  # microseconds since 1970
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def name_of(number, namespaces):
    return f"team-{number % namespaces:03}/service-{number:05}"


def _blob(text):
    return b"\x01" + hashlib.sha256(text.encode()).digest()


def _write_config(root, name, version):
    config = json.dumps({"architecture": "amd64", "os": "linux", "created": "2026-03-04T05:06:07Z", "config": {"Labels": {
        "org.opencontainers.image.title": name, "org.opencontainers.image.version": version,
        "org.opencontainers.image.source": f"https://gitlab.example.org/{name}"}}}).encode()
    digest = hashlib.sha256(config)
    folder = os.path.join(root, "docker/registry/v2/blobs/sha256", digest.hexdigest()[:2], digest.hexdigest())
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "data"), "wb") as file:
        file.write(config)
    return b"\x01" + digest.digest(), len(config)


def fill(index, root, repositories, tags_each, namespaces=200):
    """Each tag is an image of its own, with a config and two layers that its repository shares."""
    database = sqlite3.connect(index)
    with database:
        manifest = descriptor = database.execute("SELECT coalesce(max(id), 0) FROM descriptor").fetchone()[0] + 1000
        for number in range(repositories):
            name = name_of(number, namespaces)
            repository = 1_000_000 + number
            database.execute("INSERT INTO repository (id, name, updated_at) VALUES (?, ?, ?)",
                             (repository, name, _BEGIN + number * 1_000_000))
            layers = []
            for layer in range(2):
                descriptor += 1
                layers.append(descriptor)
                database.execute("INSERT INTO descriptor VALUES (?, ?, ?, ?, '')",
                                 (descriptor, _blob(f"{name} layer {layer}"), 30_000_000 + number, _LAYER))
            for tag in range(tags_each):
                version = f"1.{tag}.0-{number % 7}"
                config, size = _write_config(root, name, version)
                manifest += 1
                descriptor += 1
                at = _BEGIN + (number * tags_each + tag) * 1_000_000
                digest = _blob(f"{name} manifest {tag}")
                database.execute("INSERT INTO descriptor VALUES (?, ?, ?, ?, '')", (descriptor, config, size, _CONFIG))
                database.execute("INSERT INTO manifest VALUES (?, ?, ?, ?, 700, '', '', NULL, ?)",
                                 (manifest, repository, digest, _MANIFEST, at))
                database.executemany("INSERT INTO manifest_reference VALUES (?, ?, ?, ?)",
                                     [(manifest, 0, 0, descriptor), (manifest, 1, 1, layers[0]),
                                      (manifest, 2, 1, layers[1])])
                database.execute("INSERT INTO tag VALUES (?, ?, ?, ?)", (repository, version, digest, at))
    database.close()
