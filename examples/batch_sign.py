"""Sign every PDF of a folder with one key: opened once, its picture drawn once, one bad file stops nothing.

    python examples/batch_sign.py FOLDER --key pkcs12:chu-tich.p12 --as person --image chu-ky.png

What is signed is written beside its input as NAME.signed.pdf; what is signed already is left alone.
"""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path
from typing import Literal

from docsign import DocsignError, SigningSession, open_key


def main(folder: Path, key: str, role: Literal["person", "agency"], image: Path | None) -> int:
    """Sign what is not signed yet and return how many files could not be."""
    session = SigningSession(
        open_key(key, passphrase=lambda: getpass.getpass("Mật khẩu: ")),
        role=role,
        image=image.read_bytes() if image else None,
    )
    refused = 0
    for path in sorted(folder.glob("*.pdf")):
        target = path.with_suffix(".signed.pdf")
        if path.name.endswith(".signed.pdf") or target.exists():
            continue
        try:
            signed = session.sign(path.read_bytes())
        except DocsignError as error:
            print(f"✗ {path.name}: {error.text('vi')}")
            refused += 1
            continue
        target.write_bytes(signed)
        print(f"✓ {target.name}")
    return refused


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--as", dest="role", choices=["person", "agency"], required=True)
    parser.add_argument("--image", type=Path)
    arguments = parser.parse_args()
    raise SystemExit(1 if main(arguments.folder, arguments.key, arguments.role, arguments.image) else 0)
