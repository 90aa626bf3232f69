"""A certificate authority for tests, by the openssl program: made anew each time, so that nothing expires."""

import os
import ssl

from lib.testing import run


class Authority:
    """Writes everything into `folder`; `path` is its own certificate, which clients are to trust."""

    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "ca.crt")
        os.makedirs(folder, exist_ok=True)
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
             "-subj", "/CN=Test Authority", "-keyout", os.path.join(folder, "ca.key"), "-out", self.path])

    def issue(self, name, names=("localhost",), days=30):
        """(certificate, key) as NAME.crt and NAME.key, replacing what is there. Addresses begin with a digit."""
        certificate, key, request = (os.path.join(self.folder, name + end) for end in (".crt", ".key", ".csr"))
        alternatives = ",".join(("IP:" if each[0].isdigit() else "DNS:") + each for each in names)
        run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-subj", f"/CN={names[0]}", "-keyout", key, "-out", request])
        extensions = os.path.join(self.folder, name + ".ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName={alternatives}\n")
        run(["openssl", "x509", "-req", "-in", request, "-CA", self.path, "-CAkey", os.path.join(self.folder, "ca.key"),
             "-set_serial", str(int.from_bytes(os.urandom(8), "big")), "-days", str(days), "-extfile", extensions,
             "-out", certificate])
        os.chmod(key, 0o600)
        return certificate, key

    def context(self):
        """For clients in Python."""
        return ssl.create_default_context(cafile=self.path)


class TlsPort(int):
    """A port that speaks TLS, with the context to speak it by; goes wherever a port does."""

    def __new__(cls, number, context):
        port = super().__new__(cls, number)
        port.context = context
        return port
