"""The main job, played on this machine: a commune signs and sends, the province receives, verifies, answers.

    make demo            (LANG=en make demo  for English)

Real commands, real processes, real TLS on loopback; every agency, name and key is invented for the trial. All
files are left under ``demo-out``: what passes verification directly in it, the rest in ``demo-out/other``.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import urlsplit

import trial_images

HERE = Path(__file__).resolve().parent
VIETNAM = timezone(timedelta(hours=7))
ENGLISH = os.environ.get("LANG", "vi").startswith("en")


def words(vietnamese: str, english: str) -> str:
    """Choose the language of the narration."""
    return english if ENGLISH else vietnamese


@dataclass
class Story:
    """Runs the commands one after the other, tells what happens, and stops what it started."""

    folder: Path
    step: int = 0
    servers: list[subprocess.Popen[str]] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def tell(self, vietnamese: str, english: str) -> None:
        """Begin a step."""
        self.step += 1
        print(
            f"\n\033[1m{self.step}. {words(vietnamese, english)}\033[0m"
            if sys.stdout.isatty()
            else f"\n{self.step}. {words(vietnamese, english)}",
            flush=True,
        )

    def run(self, *command: str, expect: int = 0, show: bool = True) -> str:
        """Run one of our commands in the folder, show it and what it says, and demand its exit status."""
        if show:
            print(f"   $ {' '.join(quoted(word) for word in command)}", flush=True)
        done = subprocess.run(
            [self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if show or done.returncode != expect:
            for line in done.stdout.splitlines():
                print(f"     {line}", flush=True)
        if done.returncode != expect:
            raise SystemExit(f"{command[0]}: exit status {done.returncode}, not {expect}")
        return done.stdout

    def start(self, *command: str) -> str:
        """Start a server in the background and return the address it prints when it is ready."""
        print(f"   $ {' '.join(quoted(word) for word in command)} &", flush=True)
        log = (self.folder / "other" / f"{command[0]}-{len(self.servers)}.log").open("w", encoding="utf-8")
        server = subprocess.Popen(
            [self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=log,
        )
        log.close()
        self.servers.append(server)
        assert server.stdout is not None
        line = server.stdout.readline().strip()
        if not line:
            raise SystemExit(f"{command[0]} did not start: see {log.name}")
        print(f"     {line}", flush=True)
        address = next(word for word in line.split() if word.startswith("http")).rstrip("/.,")
        self.ports.append(urlsplit(address).port or 0)
        return address

    def stop(self) -> None:
        """Stop the servers and make sure that their ports are closed."""
        for server in reversed(self.servers):
            server.terminate()
        for server in self.servers:
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            if server.stdout is not None:
                server.stdout.close()
        for port in self.ports:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    raise SystemExit(f"port {port} is still open")

    @staticmethod
    def program(name: str) -> str:
        """Return the full path of one of our commands, beside the Python that runs the demo."""
        return str(Path(sys.executable).parent / name)

    @staticmethod
    def environment() -> dict[str, str]:
        """Return the environment of the commands: the language, and nothing of the user's own settings."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOCSIGN_")}
        return {**kept, "DOCSIGN_LANG": "en" if ENGLISH else "vi", "PYTHONUNBUFFERED": "1", "COLUMNS": "110"}


def quoted(word: str) -> str:
    """Quote a word of a command line where a shell would need it."""
    return f"'{word}'" if " " in word or not word else word


def set_up(story: Story) -> tuple[str, str]:
    """Make the authority, the keys, a time-stamping service and a relay; return (TSA, relay) addresses."""
    folder = story.folder
    story.tell(
        "Dựng cơ quan chứng thực thử nghiệm, khóa của các bên, dịch vụ dấu thời gian",
        "A trial authority, everybody's keys, a time-stamping service",
    )
    # a passphrase of this run alone, in a file: never an argument
    (folder / "keys").mkdir()
    (folder / "keys" / "passphrase.txt").write_text(secrets.token_urlsafe(16) + "\n", encoding="utf-8")
    story.run("docsign", "pki", "init", "keys/authority", "--trust-folder", "trust")
    commune, province = "UBND phường Một, tỉnh Mẫu", "UBND tỉnh Mẫu"
    for kind, name, organization, code, position, output in (
        ("person", "Nguyễn Văn Mẫu", commune, "H99.31", "Phó Chủ tịch", "chairman.p12"),
        ("agency", commune, commune, "H99.31", "", "commune-seal.p12"),
        ("agency", province, province, "H99", "", "province-seal.p12"),
        ("tsa", "Dấu thời gian thử nghiệm", province, "", "", "tsa.p12"),
        ("relay", "Trục thử nghiệm tỉnh Mẫu", province, "", "", "relay-evidence.p12"),
        ("relay-tls", "localhost", province, "", "", "relay-tls.pem"),
        ("tls", "Máy phường Một", commune, "H99.31", "", "commune-tls.pem"),
        ("tls", "Máy tỉnh Mẫu", province, "H99", "", "province-tls.pem"),
    ):
        story.run(
            "docsign", "pki", "issue", "keys/authority", "--kind", kind, "--name", name,
            "--organization", organization, *(("--agency", code) if code else ()),
            *(("--position", position) if position else ()), "-o", f"keys/{output}",
            *(("--passphrase-file", "keys/passphrase.txt") if output.endswith(".p12") else ()),
            show=kind in ("person", "agency"),
        )  # fmt: skip
    trial_images.main(folder / "keys")
    tsa = story.start("docsign", "pki", "serve", "keys/authority", "--port", "0")

    story.tell(
        "Tỉnh dựng trục và ghi hai cơ quan vào danh bạ", "The province sets up a relay and lists two agencies"
    )
    story.run(
        "docsign-relay", "init", "relay", "--host", "127.0.0.1", "--port", "0",
        "--identity", "keys/relay-tls.pem", "--key", "pkcs12:keys/relay-evidence.p12",
        "--passphrase-file", "keys/passphrase.txt", "--trust", "trust",
    )  # fmt: skip
    for code, name, key in (("H99.31", commune, "commune"), ("H99", province, "province")):
        story.run(
            "docsign-relay", "agency", "add", "relay", "--code", code, "--name", name,
            "--tls-cert", f"keys/{key}-tls.pem", "--sign-cert", f"keys/{key}-seal.pem",
        )  # fmt: skip
    relay = story.start("docsign-relay", "serve", "relay")
    return tsa, relay


def commune_sends(story: Story, tsa: str, relay: str) -> str:
    """Build, sign twice, seal, send; return the envelope's name (the SHA-256 of its bytes)."""
    folder = story.folder
    today = datetime.now(VIETNAM).date().isoformat()
    shutil.copy(HERE / "letter.toml", folder / "other" / "letter.toml")

    story.tell("Phường Một soạn công văn", "The commune builds its letter")
    story.run("docsign", "new", "other/letter.toml", "-o", "other/letter.pdf")

    story.tell("Người có thẩm quyền ký số", "The competent person signs")
    story.run(
        "docsign", "sign", "other/letter.pdf", "--as", "person", "--key", "pkcs12:keys/chairman.p12",
        "--passphrase-file", "keys/passphrase.txt", "--image", "keys/chu-ky.png", "--tsa", tsa,
        "-o", "other/letter-signed-by-person.pdf",
    )  # fmt: skip

    story.tell(
        "Văn thư cấp số, ngày và ký số của cơ quan",
        "The clerk gives number and date and signs for the agency",
    )
    story.run(
        "docsign", "sign", "other/letter-signed-by-person.pdf", "--as", "agency",
        "--key", "pkcs12:keys/commune-seal.p12", "--passphrase-file", "keys/passphrase.txt",
        "--number", "12", "--date", today, "--image", "keys/con-dau.png", "--tsa", tsa,
        "-o", "12-UBND-VP.pdf",
    )  # fmt: skip

    story.tell("Đóng gói và niêm phong gói tin", "Pack and seal the envelope")
    story.run(
        "docsign", "seal", "--letter", "other/letter.toml", "--number", "12", "--date", today, "--to", "H99",
        "12-UBND-VP.pdf", "--key", "pkcs12:keys/commune-seal.p12",
        "--passphrase-file", "keys/passphrase.txt", "-o", "12-UBND-VP.asice",
    )  # fmt: skip

    story.tell(
        "Gửi qua trục; đường truyền đứt thì gói tin chờ ở hộp đi",
        "Send; without a line it waits in the outbox",
    )
    story.run(
        "docsign", "send", "12-UBND-VP.asice", "--relay", closed_address(), *at_commune(story), expect=75
    )
    story.run("docsign", "outbox", "run", "--relay", relay, *at_commune(story))
    story.run("docsign", "outbox", "list", *at_commune(story)[-2:])
    listed = json.loads(story.run("docsign", "outbox", "list", "--json", *at_commune(story)[-2:], show=False))
    return str(listed["sha256"])


def province_answers(story: Story, relay: str, name: str) -> None:
    """Receive, verify, answer 03 and 06 (01 went by itself when the document arrived)."""
    province = ("--relay", relay, "--identity", "keys/province-tls.pem", "--relay-trust", "trust")
    story.tell("Tỉnh xem hộp đến và nhận gói tin", "The province looks into its inbox and receives")
    story.run("docsign", "inbox", *province)
    story.run("docsign", "receive", "--all", "-o", "province", *province, "--agency", "H99")
    received = next((story.folder / "province").glob("*.asice"))

    story.tell("Tỉnh kiểm tra trước khi tiếp nhận", "The province verifies before it accepts")
    story.run("docsign", "verify", str(received.relative_to(story.folder)), "--trust", "trust", "--offline")
    story.run(
        "docsign", "open", str(received.relative_to(story.folder)), "-o", "province/12-UBND-VP",
        "--trust", "trust",
    )  # fmt: skip

    story.tell("Tỉnh phản hồi: 03 đã tiếp nhận, 06 hoàn thành", "The province answers: 03 accepted, 06 done")
    for code, note in (("03", "Đã tiếp nhận, số đến 412"), ("06", "Đã có văn bản hướng dẫn")):
        story.run("docsign", "status", name[:12], code, "--description", note, *province, "--agency", "H99")


def at_commune(story: Story) -> tuple[str, ...]:
    """Return the options of the commune's desk."""
    del story
    return ("--identity", "keys/commune-tls.pem", "--relay-trust", "trust", "--outbox", "outbox")


def closed_address() -> str:
    """Return an address on which nobody listens: the line is down."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{probe.getsockname()[1]}"


def main(folder: Path) -> None:
    """Play the story into ``folder``, which is made anew."""
    began = time.monotonic()
    if folder.exists():
        if any(folder.iterdir()) and not (folder / "trust").is_dir():
            raise SystemExit(f"{folder} is not the folder of an earlier demo; it is left alone")
        shutil.rmtree(folder)
    (folder / "other").mkdir(parents=True)
    story = Story(folder.resolve())
    print(
        words(
            "Một công văn đi từ phường lên tỉnh, câu trả lời quay về. Mọi tên, mã và khóa đều là giả định.",
            "A letter goes from a commune to its province, the answer comes back. All names are invented.",
        )
    )
    try:
        tsa, relay = set_up(story)
        name = commune_sends(story, tsa + "/tsa" if not tsa.endswith("/tsa") else tsa, relay)
        province_answers(story, relay, name)
        story.tell("Phường Một xem dấu vết", "The commune looks at the trace")
        story.run(
            "docsign", "trace", name[:12], "--relay", relay, "--identity", "keys/commune-tls.pem",
            "--relay-trust", "trust",
        )  # fmt: skip
        story.tell("Ai đó sửa một byte của công văn", "Somebody changes one byte of the letter")
        altered = bytearray((story.folder / "12-UBND-VP.pdf").read_bytes())
        altered[len(altered) // 4] ^= 1
        (story.folder / "other" / "altered.pdf").write_bytes(altered)
        story.run("docsign", "verify", "other/altered.pdf", "--trust", "trust", "--offline", expect=1)
    finally:
        story.stop()
    closing(folder, time.monotonic() - began)


def closing(folder: Path, seconds: float) -> None:
    """Say what is left behind and how to look at it."""
    verify = f"docsign verify {folder} --trust {folder}/trust --offline"
    rows = (
        ("12-UBND-VP.pdf", "công văn đã ký: mở bằng trình đọc PDF", "the signed letter: any PDF reader"),
        ("12-UBND-VP.asice", "gói tin đã niêm phong: unzip -l", "the sealed envelope: unzip -l"),
        ("trust/", f"để tự kiểm tra: {verify}", f"verify for yourself: {verify}"),
        ("province/", "những gì tỉnh nhận được", "what the province received"),
        ("relay/", "kho của trục: cơ sở dữ liệu, gói tin", "the relay's store: database and bodies"),
        ("outbox/", "hộp đi của phường", "the commune's outbox"),
        ("keys/", "khóa thử nghiệm và mật khẩu", "trial keys and their passphrase"),
        ("other/", "bản chưa ký, bản bị sửa, nhật ký", "unsigned and altered files, logs"),
    )
    print(
        "\n"
        + words(f"Xong sau {seconds:.0f} giây. Trong {folder}:", f"Done in {seconds:.0f} s. In {folder}:")
    )
    for name, vietnamese, english in rows:
        print(f"   {name:20} {words(vietnamese, english)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out"))
