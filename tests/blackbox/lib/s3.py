"""The S3 that a real Swift has (tests/tools/swift-aio), or a Ceph (tests/tools/ceph-rgw), and registries on it. Its bucket
is a container of the Swift that both speak."""

import copy
import os
import shutil
import subprocess

from lib.daemon import Daemon, OldRegistry
from lib.swift import CONTAINER, Swift
from lib.testing import expect

CEPH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../tools/ceph-rgw")
ACCESS_KEY, SECRET_KEY = "docker:registry", "swiftaiokey"


class S3(Swift):
    """One cluster with its bucket. A context manager; gone with everything in it afterwards."""

    def __init__(self):
        super().__init__()
        self.credentials = os.path.join(self.folder, "credentials")
        self.write_credentials(SECRET_KEY)

    def write_credentials(self, secret):
        with open(self.credentials, "w", encoding="ascii") as file:
            file.write(f"[default]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {secret}\n")

    def __enter__(self):
        super().__enter__()
        self.connect().request("PUT")
        return self

    @property
    def endpoint(self):
        return self.auth_url.removesuffix("/auth/v1.0")

    def registry(self, binary, segment="5MiB", bucket=CONTAINER, peers="0s", make=Daemon, storage="", **options):
        """A registryd on this S3; several share uploads."""
        return make(binary, driver="s3", http_options=f"\n  secret_file: {self.secret}", storage=f"""  peers_interval: {peers}
  s3:
    endpoint: {self.endpoint}
    path_style: true
    bucket: {bucket}
    credentials_file: {self.credentials}
    prefix: production
    part_bytes: {segment}
{storage}""", **options)

    def as_swift(self):
        """The same cluster, for registries that store in its Swift: in the same container."""
        view = copy.copy(self)
        view.__class__ = Swift
        return view

    def old_registry(self, more=""):
        storage = (f"s3: {{regionendpoint: '{self.endpoint}', region: us-east-1, bucket: {CONTAINER}, "
                   f"accesskey: '{ACCESS_KEY}', secretkey: {SECRET_KEY}, secure: false, v4auth: true, "
                   "rootdirectory: /production, chunksize: 5242880}")
        return OldRegistry(storage=storage, more=more)


class Ceph(S3):
    """The same on a Ceph with one OSD, which has no faults on demand."""

    def aio(self, verb, *arguments):
        raise AssertionError(f"a Ceph has no {verb} {arguments}")

    def rgw(self, verb, *arguments):
        done = subprocess.run([CEPH, verb, "--dir", os.path.join(self.folder, "ceph"), *arguments], timeout=240,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"ceph-rgw {verb} failed:\n{done.stderr[-2000:]}")
        return done.stdout

    def __enter__(self):
        try:
            values = dict(line.split("=", 1) for line in self.rgw("start", "--port", "0").splitlines())
            self.auth_url = values["ST_AUTH"]
            expect(self.connect().request("PUT"), 201)
            return self
        except BaseException:
            self.close()
            raise

    def close(self):
        try:
            self.rgw("stop", "--purge")
        except AssertionError:
            pass  # it had not started
        shutil.rmtree(self.folder, ignore_errors=True)
