"""The S3 that a real Swift has (tests/tools/swift-aio), and registries on it. Its bucket is a container of that Swift."""

import os

from lib.daemon import Daemon, OldRegistry
from lib.swift import CONTAINER, Swift

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

    def registry(self, binary, segment="5MiB", bucket=CONTAINER, peers="0s", **options):
        """A registryd on this S3; several share uploads."""
        return Daemon(binary, driver="s3", http_options=f"\n  secret_file: {self.secret}", storage=f"""  peers_interval: {peers}
  s3:
    endpoint: {self.endpoint}
    path_style: true
    bucket: {bucket}
    credentials_file: {self.credentials}
    prefix: production
    part_bytes: {segment}
""", **options)

    def old_registry(self):
        return OldRegistry(storage=f"s3: {{regionendpoint: '{self.endpoint}', region: us-east-1, bucket: {CONTAINER}, "
                                   f"accesskey: '{ACCESS_KEY}', secretkey: {SECRET_KEY}, secure: false, v4auth: true, "
                                   "rootdirectory: /production, chunksize: 5242880}")
