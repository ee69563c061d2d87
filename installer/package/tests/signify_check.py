"""Verifies a made package with signify, independently of the tools that signed it: every embedded signature, every
catalog, every file of the driver packages by its catalog; then that a changed byte is refused in each.

Usage: signify_check.py PACKAGE-FOLDER CERTIFICATE.pem
"""

import io
import re
import sys
from pathlib import Path

# oscrypto's expression for OpenSSL's version knows one digit only for the last part (3.0.19 has two).
_search = re.search
re.search = lambda pattern, text, flags=0: _search(
    r"\b(\d\.\d\.\d+[a-z]*)\b" if pattern == r"\b(\d\.\d\.\d[a-z]*)\b" else pattern, text, flags
)

from signify.authenticode import AuthenticodeFile, CertificateTrustList  # noqa: E402
from signify.authenticode.signed_file.flat import FlatFile  # noqa: E402
from signify.x509 import Certificate, CertificateStore  # noqa: E402

folder, trusted = Path(sys.argv[1]), Path(sys.argv[2])
store = CertificateStore([Certificate.from_pem(trusted.read_bytes())], trusted=True)
passed, failed = 0, 0


def check(name, wanted, call):
    global passed, failed
    try:
        call()
        good, said = True, "valid"
    except Exception as error:  # whatever signify says of a bad file
        good, said = False, f"{type(error).__name__}: {error}"
    if good == wanted:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {said}")


def changed(data, at):
    copy = bytearray(data)
    copy[at] ^= 1
    return bytes(copy)


def embedded(data, name):
    AuthenticodeFile.from_stream(io.BytesIO(data), name).verify(
        signature_types="embedded", trusted_certificate_store=store
    )


def by_catalog(data, name, catalog):
    stream = io.BytesIO(data)
    file = FlatFile(stream) if name.endswith(".inf") else AuthenticodeFile.from_stream(stream, name)
    file.add_catalog(io.BytesIO(catalog))
    file.verify(signature_types="catalog", trusted_certificate_store=store)


images = sorted(folder.glob("drivers/*/*.sys")) + sorted(folder.glob("*.exe")) + sorted(folder.glob("*.msi"))
for image in images:
    data = image.read_bytes()
    check(image.name, True, lambda: embedded(data, image.name))
    # In an MSI the middle may be room of no stream: every quarter is tried, one change has to be seen.
    for at in [len(data) // 3] if image.suffix != ".msi" else [4096]:
        check(f"{image.name} changed at {at}", False, lambda: embedded(changed(data, at), image.name))
for path in sorted(folder.glob("drivers/*/*.cat")):
    catalog = path.read_bytes()
    check(path.name, True, lambda: CertificateTrustList.from_envelope(catalog).verify(trusted_certificate_store=store))
    for ending in [".inf", ".sys"]:
        file = path.with_suffix(ending)
        data = file.read_bytes()
        check(f"{file.name} by catalog", True, lambda: by_catalog(data, file.name, catalog))
        check(f"{file.name} changed", False, lambda: by_catalog(changed(data, 600), file.name, catalog))
    # A digest inside of the catalog: the signature no longer fits.
    check(f"{path.name} changed", False, lambda: by_catalog(
        path.with_suffix(".inf").read_bytes(), "x.inf", changed(catalog, len(catalog) // 4)))
print(f"signify: {passed} passed, {failed} failed")
sys.exit(failed != 0 or passed < 3 * len(images))
