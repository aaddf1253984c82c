"""What a signature of an OpenDocument file must cover (ODF 1.2 part 3 3.16 and 5.3).

Every file of the package but the signatures and what lies under external-data/; from version 1.2 on the
manifest, too, as it says what each file is.
"""

from __future__ import annotations

import re

from docsign.ades.xml import local_name, parse
from docsign.envelope.container import MANIFEST_NAME, Container
from docsign.errors import ContainerError, XmlError

_MANIFEST_LIMIT = 2 * 1024 * 1024
_VERSION = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}version"


def required_names(container: Container) -> tuple[str, ...]:
    """Return the files that a signature of the container must cover."""
    names = container.data_names
    return (*names, MANIFEST_NAME) if container.is_open_document and _signs_manifest(container) else names


def _signs_manifest(container: Container) -> bool:
    """Tell whether the package is of a version in which the manifest is signed, too."""
    if container.find(MANIFEST_NAME) is None:
        return False
    try:
        root = parse(container.read(MANIFEST_NAME, _MANIFEST_LIMIT))
    except (ContainerError, XmlError):
        return True
    version = re.match(r"(\d+)\.(\d+)", root.get(_VERSION, ""))
    return (
        local_name(root) == "manifest"
        and version is not None
        and (int(version[1]), int(version[2])) >= (1, 2)
    )
