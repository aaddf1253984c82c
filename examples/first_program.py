"""Build a letter, sign it twice, verify it, seal it into an envelope, send it."""

import asyncio
import getpass
from datetime import datetime

import docsign

TSA = "http://tsa.example/"
RELAY = "https://relay.example/"


def ask() -> str:
    """Ask for the passphrase of a key; it is never an argument."""
    return getpass.getpass("Mật khẩu: ")


async def main() -> None:
    """Go the whole way of one document."""
    trust = docsign.Trust.from_path("ca")
    chair = docsign.open_key("pkcs12:chu-tich.p12", passphrase=ask)
    seal = docsign.open_key("pkcs12:con-dau.p12", passphrase=ask)
    letter = docsign.OfficialDocument.from_path("cong-van.toml")
    today = datetime.now().astimezone().date()

    pdf = docsign.sign(letter.to_pdf(), chair, role="person", tsa=TSA)
    pdf = docsign.sign(pdf, seal, role="agency", number="12", date=today, tsa=TSA)
    report = docsign.verify(pdf, trust=trust)  # never raises on bad input
    print(report.conclusion.indication)

    header = letter.header(number="12", date=today, to=["H99"])
    envelope = docsign.seal(header, [pdf], seal)
    async with docsign.RelayClient(RELAY, identity="commune-tls.pem", trust=trust) as relay:
        receipt = await relay.send(envelope)
    print(receipt.evidence.sha256)


if __name__ == "__main__":
    asyncio.run(main())
