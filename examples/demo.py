"""The main job, played on this machine: a commune signs and sends, the province receives, verifies, answers.

    make demo            (LANG=en make demo  for English)

Real commands, real processes, real TLS on loopback; every agency, name and key is invented for the trial. All
files are left under ``demo-out``: what passes verification directly in it, the rest in ``demo-out/other``.
"""

from __future__ import annotations

import os
import secrets
import shlex
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
LOCKED = "--passphrase-file keys/passphrase.txt"


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
        bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
        print(f"\n{bold}{self.step}. {words(vietnamese, english)}{plain}", flush=True)

    def run(self, line: str, *, desk: str = "", expect: int = 0, show: bool = True) -> None:
        """Run a command line at a desk (a folder), show what it says, demand its exit status."""
        if show:
            print(f"   {desk}$ {line}", flush=True)
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [self.program(program), *arguments],
            cwd=self.folder / desk,
            env=self.environment(),
            text=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if show or done.returncode != expect:
            print("".join(f"     {said}\n" for said in done.stdout.splitlines()), end="", flush=True)
        if done.returncode != expect:
            raise SystemExit(f"{line}\n   exit status {done.returncode}, not {expect}")

    def start(self, line: str) -> str:
        """Start a server in the background and return the address it prints when it is ready."""
        print(f"   $ {line} &", flush=True)
        program, *arguments = shlex.split(line)
        path = self.folder / "other" / f"{program}.log"
        with path.open("w", encoding="utf-8") as log:
            server = subprocess.Popen(
                [self.program(program), *arguments],
                cwd=self.folder,
                env=self.environment(),
                text=True,
                encoding="utf-8",
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.servers.append(server)
        assert server.stdout is not None
        ready = server.stdout.readline().strip()
        if not ready:
            raise SystemExit(f"{line}\n   did not start: see {path}")
        print(f"     {ready}", flush=True)
        address = next(word for word in ready.split() if word.startswith("http"))
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
        return {
            **kept,
            "DOCSIGN_LANG": "en" if ENGLISH else "vi",
            "XDG_CONFIG_HOME": os.devnull,
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "110",
        }


def issue_keys(story: Story) -> None:
    """Make a trial authority and everybody's keys, locked with a passphrase of this run alone."""
    story.tell(
        "Dựng cơ quan chứng thực thử nghiệm và cấp khóa cho các bên",
        "A trial authority, and keys for everybody",
    )
    keys = story.folder / "keys"
    keys.mkdir()
    passphrase = keys / "passphrase.txt"
    passphrase.touch(mode=0o600)  # nobody else reads it
    passphrase.write_text(secrets.token_urlsafe(16) + "\n", encoding="utf-8")
    story.run("docsign pki init keys/authority --trust-folder trust")
    commune = "--organization 'UBND phường Một, tỉnh Mẫu' --agency H99.31"
    province = "--organization 'UBND tỉnh Mẫu' --agency H99"
    issue = "docsign pki issue keys/authority --kind"
    chairman = "--position 'Phó Chủ tịch' -o keys/chairman.p12"
    story.run(f"{issue} person --name 'Nguyễn Văn Mẫu' {commune} {chairman} {LOCKED}")
    story.run(f"{issue} agency --name 'UBND phường Một' {commune} -o keys/commune-seal.p12 {LOCKED}")
    for rest in (
        f"agency --name 'UBND tỉnh Mẫu' {province} -o keys/province-seal.p12 {LOCKED}",
        f"tsa --name 'Dấu thời gian thử nghiệm' -o keys/tsa.p12 {LOCKED}",
        f"relay --name 'Trạm thử nghiệm tỉnh Mẫu' -o keys/relay-evidence.p12 {LOCKED}",
        "relay-tls --name localhost -o keys/relay-tls.pem",
        f"tls --name 'Máy văn thư phường Một' {commune} -o keys/commune-tls.pem",
        f"tls --name 'Máy văn thư tỉnh Mẫu' {province} -o keys/province-tls.pem",
    ):
        story.run(f"{issue} {rest}", show=False)
    trial_images.main(keys)


def set_up_relay(story: Story, port: int) -> None:
    """Set the relay up (it does not run yet), and give both desks their settings."""
    story.tell(
        "Tỉnh thiết lập trạm chuyển tiếp, ghi hai cơ quan vào danh bạ",
        "The province sets up a relay and lists two agencies",
    )
    story.run(
        f"docsign-relay init relay --port {port} --identity keys/relay-tls.pem"
        f" --key pkcs12:keys/relay-evidence.p12 {LOCKED} --trust trust"
    )
    for code, name, who in (("H99.31", "UBND phường Một", "commune"), ("H99", "UBND tỉnh Mẫu", "province")):
        story.run(
            f"docsign-relay agency add relay --code {code} --name '{name}'"
            f" --tls-cert keys/{who}-tls.pem --sign-cert keys/{who}-seal.pem"
        )
    # a desk's settings stand in its docsign.toml, so that the clerk need not type them
    (story.folder / "province").mkdir()
    for desk, who, agency, up in (("", "commune", "H99.31", ""), ("province", "province", "H99", "../")):
        settings = {
            "relay": f"https://localhost:{port}",
            "identity": f"{up}keys/{who}-tls.pem",
            "trust": f"{up}trust",
            "relay_trust": f"{up}trust",
            "outbox": "outbox",
            "agency": agency,
        }
        text = "".join(f'{name} = "{value}"\n' for name, value in settings.items())
        (story.folder / desk / "docsign.toml").write_text(text, encoding="utf-8")


def commune_signs(story: Story, tsa: str) -> None:
    """Build the letter, sign it twice, seal it into an envelope."""
    today = datetime.now(VIETNAM).date().isoformat()
    shutil.copy(HERE / "letter.toml", story.folder / "other" / "letter.toml")

    story.tell("Phường Một soạn công văn", "The commune builds its letter")
    story.run("docsign new other/letter.toml -o other/letter.pdf")

    story.tell("Người có thẩm quyền ký số", "The competent person signs")
    story.run(
        f"docsign sign other/letter.pdf --as person --key pkcs12:keys/chairman.p12 {LOCKED}"
        f" --image keys/chu-ky.png --tsa {tsa} -o other/letter-signed-by-person.pdf"
    )

    story.tell(
        "Văn thư cấp số, ngày và ký số của cơ quan",
        "The clerk gives number and date and signs for the agency",
    )
    story.run(
        f"docsign sign other/letter-signed-by-person.pdf --as agency --number 12 --date {today}"
        f" --key pkcs12:keys/commune-seal.p12 {LOCKED} --image keys/con-dau.png --tsa {tsa}"
        " -o 12-UBND-VP.pdf"
    )

    story.tell("Văn thư đóng gói và ký số gói tin", "The clerk packs and seals the envelope")
    story.run(
        f"docsign seal 12-UBND-VP.pdf --letter other/letter.toml --number 12 --date {today} --to H99"
        f" --key pkcs12:keys/commune-seal.p12 {LOCKED} -o 12-UBND-VP.asice"
    )


def envelope_travels(story: Story) -> None:
    """Send without a line, send again once the relay runs, receive, verify, answer 03 and 06."""
    story.tell(
        "Đường truyền đứt: gói tin chờ trong hộp chờ gửi, không mất", "The line is down: the outbox keeps it"
    )
    story.run("docsign send 12-UBND-VP.asice", expect=75)

    story.tell("Có đường truyền trở lại: gửi một lần, có biên nhận", "The line is back: sent once")
    story.start(f"docsign-relay serve relay {LOCKED}")
    story.run("docsign outbox run")

    story.tell("Tỉnh xem hộp đến và nhận gói tin", "The province looks into its inbox and receives")
    story.run("docsign inbox", desk="province")
    story.run("docsign receive --all -o .", desk="province")
    name = next((story.folder / "province").glob("*.asice")).name

    story.tell("Tỉnh kiểm tra trước khi tiếp nhận", "The province verifies before it accepts")
    story.run(f"docsign verify {name} --offline", desk="province")
    story.run(f"docsign open {name} -o 12-UBND-VP", desk="province")

    story.tell(
        "Tỉnh phản hồi 03 và 06 (01 đã tự gửi khi nhận)", "The province answers 03 and 06 (01 went by itself)"
    )
    story.run(f"docsign status {name} 03 --description 'Đã tiếp nhận, số đến 412'", desk="province")
    story.run(f"docsign status {name} 06 --description 'Đã có văn bản hướng dẫn'", desk="province")

    story.tell("Phường Một theo dõi văn bản của mình", "The commune follows its letter")
    story.run("docsign trace 12-UBND-VP.asice")


def somebody_alters(story: Story) -> None:
    """Change one byte of the signed letter and verify it."""
    story.tell("Ai đó sửa một byte của công văn", "Somebody changes one byte of the letter")
    altered = bytearray((story.folder / "12-UBND-VP.pdf").read_bytes())
    altered[len(altered) // 4] ^= 1
    (story.folder / "other" / "altered.pdf").write_bytes(altered)
    story.run("docsign verify other/altered.pdf --offline", expect=1)


def closing(folder: Path, seconds: float) -> None:
    """Say what is left behind and how to look at it."""
    verify = f"docsign verify {folder}/*.pdf {folder}/*.asice --trust {folder}/trust --offline"
    rows = (
        ("12-UBND-VP.pdf", "công văn đã ký: mở bằng trình đọc PDF", "the signed letter: any PDF reader"),
        ("12-UBND-VP.asice", "gói tin đã ký số: unzip -l", "the sealed envelope: unzip -l"),
        ("trust/", f"để tự kiểm tra: {verify}", f"verify for yourself: {verify}"),
        ("province/", "những gì tỉnh nhận được", "what the province received"),
        ("relay/", "kho của trạm: cơ sở dữ liệu và gói tin", "the relay's store: database and bodies"),
        ("outbox/", "hộp chờ gửi của phường", "the commune's outbox"),
        ("keys/", "khóa thử nghiệm và mật khẩu", "trial keys and their passphrase"),
        ("other/", "bản chưa ký, bản bị sửa, nhật ký", "unsigned and altered files, logs"),
    )
    print(
        "\n"
        + words(f"Xong sau {seconds:.0f} giây. Trong {folder}:", f"Done in {seconds:.0f} s. In {folder}:")
    )
    for name, vietnamese, english in rows:
        print(f"   {name:18} {words(vietnamese, english)}")


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
        issue_keys(story)
        set_up_relay(story, free_port())
        commune_signs(story, story.start("docsign pki serve keys/authority --port 0"))
        envelope_travels(story)
        somebody_alters(story)
    finally:
        story.stop()
    closing(folder, time.monotonic() - began)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out"))
