"""The kinds of official documents and of copies (ND 30/2020 Art. 7, 25, PL III): tables, and finding a row.

What a row says beside its names is what decides how its pages look and which parts it must have. The rules
over the parts are in ``form``, the pages in ``layout``.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

from docsign.errors import DocumentError
from docsign.sentence import say

Form = Literal["letter", "decision", "titled", "telegram", "minutes", "leave"]
"""How the pages are arranged, after the models of ND 30/2020 PL III.

``letter`` (model 1.5) has no title; ``decision`` (1.1 to 1.3) has the enacting line and its verb; ``titled``
(1.4, 1.7, 1.8) has a title and whatever follows; ``telegram`` (1.6) names its addressees after the one who
telegraphs; ``minutes`` (1.9) has no place and date and is signed by two; ``leave`` (1.10) is a titled one
with room for a confirmation below.
"""

Presence = Literal["needed", "allowed", "never"]
"""Whether a part must, may or cannot stand in a kind of document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind: its names, its abbreviation in notations, its number in edXML, the form of its pages.

    ``key`` is the ASCII name for programs. ``edxml_type`` is the code of QCVN 102 Amendment 1:2022, group B;
    0 where that list has none. ``addressees`` is box 9a (Kính gửi), ``bases`` the legal bases,
    ``enacting`` the word between them and the articles, ``contact`` whether box 13 is printed.
    ``issuer_signs_first`` puts the issuer's signature on the left, as parties to a contract sign.
    ``lead_ins`` are the beginnings of lines that the model of this kind cannot do without.
    """

    key: str
    vietnamese: str
    english: str
    abbreviation: str
    edxml_type: int
    form: Form = "titled"
    addressees: Presence = "never"
    bases: Presence = "allowed"
    enacting: str = ""
    prints_subject: bool = True
    contact: bool = False
    issuer_signs_first: bool = False
    lead_ins: tuple[str, ...] = ()

    @property
    def dated(self) -> bool:
        """Whether place and date stand at the head (ND 30/2020 PL III, model 1.9 has none)."""
        return self.form != "minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyKind:
    """One kind of copy (ND 30/2020 Art. 25): its name, what is printed on it, its abbreviation."""

    key: str
    vietnamese: str
    english: str
    printed: str
    abbreviation: str


_INVITATION = ("Chủ trì", "Thời gian", "Địa điểm")
_INTRODUCTION = ("Chức vụ", "Được cử đến", "Về việc", "Giấy này có giá trị đến hết ngày")
_MINUTES = ("Thời gian bắt đầu", "Địa điểm", "Thành phần tham dự", "Chủ trì", "Thư ký")
_LEAVE = ("Chức vụ", "Được nghỉ phép trong thời gian", "Số ngày nghỉ phép")

# fmt: off
KINDS: tuple[Kind, ...] = (
    Kind(key="cong-van", vietnamese="Công văn", english="official letter", abbreviation="", edxml_type=18,
         form="letter", addressees="needed", bases="never", prints_subject=False, contact=True),
    Kind(key="nghi-quyet", vietnamese="Nghị quyết", english="resolution", abbreviation="NQ", edxml_type=1,
         form="decision", bases="needed", enacting="Quyết nghị"),
    Kind(key="quyet-dinh", vietnamese="Quyết định", english="decision", abbreviation="QĐ", edxml_type=2,
         form="decision", bases="needed", enacting="Quyết định"),
    Kind(key="chi-thi", vietnamese="Chỉ thị", english="directive", abbreviation="CT", edxml_type=3),
    Kind(key="quy-che", vietnamese="Quy chế", english="regulation", abbreviation="QC", edxml_type=4),
    Kind(key="quy-dinh", vietnamese="Quy định", english="rules", abbreviation="QyĐ", edxml_type=5),
    Kind(key="thong-cao", vietnamese="Thông cáo", english="communiqué", abbreviation="TC", edxml_type=6),
    Kind(key="thong-bao", vietnamese="Thông báo", english="notice", abbreviation="TB", edxml_type=7),
    Kind(key="huong-dan", vietnamese="Hướng dẫn", english="guidance", abbreviation="HD", edxml_type=8),
    Kind(key="chuong-trinh", vietnamese="Chương trình", english="programme", abbreviation="CTr",
         edxml_type=9),
    Kind(key="ke-hoach", vietnamese="Kế hoạch", english="plan", abbreviation="KH", edxml_type=10),
    Kind(key="phuong-an", vietnamese="Phương án", english="option plan", abbreviation="PA", edxml_type=11),
    Kind(key="de-an", vietnamese="Đề án", english="scheme", abbreviation="ĐA", edxml_type=12),
    Kind(key="du-an", vietnamese="Dự án", english="project", abbreviation="DA", edxml_type=13),
    Kind(key="bao-cao", vietnamese="Báo cáo", english="report", abbreviation="BC", edxml_type=14,
         addressees="allowed"),
    Kind(key="bien-ban", vietnamese="Biên bản", english="minutes", abbreviation="BB", edxml_type=15,
         form="minutes", bases="never", lead_ins=_MINUTES),
    Kind(key="to-trinh", vietnamese="Tờ trình", english="submission", abbreviation="TTr", edxml_type=16,
         addressees="needed"),
    Kind(key="hop-dong", vietnamese="Hợp đồng", english="contract", abbreviation="HĐ", edxml_type=17,
         issuer_signs_first=True),
    Kind(key="cong-dien", vietnamese="Công điện", english="telegram", abbreviation="CĐ", edxml_type=19,
         form="telegram", addressees="needed", bases="never"),
    Kind(key="ban-ghi-nho", vietnamese="Bản ghi nhớ", english="memorandum", abbreviation="BGN",
         edxml_type=20, issuer_signs_first=True),
    Kind(key="ban-thoa-thuan", vietnamese="Bản thỏa thuận", english="agreement", abbreviation="BTT",
         edxml_type=22, issuer_signs_first=True),
    Kind(key="giay-uy-quyen", vietnamese="Giấy ủy quyền", english="power of attorney", abbreviation="GUQ",
         edxml_type=24),
    Kind(key="giay-moi", vietnamese="Giấy mời", english="invitation", abbreviation="GM", edxml_type=25,
         bases="never", contact=True, lead_ins=_INVITATION),
    Kind(key="giay-gioi-thieu", vietnamese="Giấy giới thiệu", english="letter of introduction",
         abbreviation="GGT", edxml_type=26, bases="never", prints_subject=False, contact=True,
         lead_ins=_INTRODUCTION),
    Kind(key="giay-nghi-phep", vietnamese="Giấy nghỉ phép", english="leave permit", abbreviation="GNP",
         edxml_type=27, form="leave", bases="never", prints_subject=False, lead_ins=_LEAVE),
    Kind(key="phieu-gui", vietnamese="Phiếu gửi", english="dispatch slip", abbreviation="PG", edxml_type=30,
         addressees="allowed", bases="never", contact=True),
    Kind(key="phieu-chuyen", vietnamese="Phiếu chuyển", english="transfer slip", abbreviation="PC",
         edxml_type=31, addressees="allowed", bases="never", contact=True),
    Kind(key="phieu-bao", vietnamese="Phiếu báo", english="notification slip", abbreviation="PB",
         edxml_type=0,
         addressees="allowed", bases="never", contact=True),
    Kind(key="thu-cong", vietnamese="Thư công", english="official courtesy letter", abbreviation="",
         edxml_type=32, addressees="allowed", bases="never", prints_subject=False),
)
"""The 29 kinds of ND 30/2020 Art. 7; the official letter first, for it is the commonest."""

COPIES: tuple[CopyKind, ...] = (
    CopyKind(key="sao-y", vietnamese="Bản sao y", english="certified copy", printed="SAO Y",
             abbreviation="SY"),
    CopyKind(key="trich-sao", vietnamese="Bản trích sao", english="certified extract", printed="TRÍCH SAO",
             abbreviation="TrS"),
    CopyKind(key="sao-luc", vietnamese="Bản sao lục", english="copy of a certified copy", printed="SAO LỤC",
             abbreviation="SL"),
)
"""The three copies of ND 30/2020 Art. 25."""
# fmt: on


def kind_named(name: str) -> Kind:
    """Find a kind by its key, Vietnamese or English name, in any case; raises DocumentError for another."""
    wanted = _folded(name)
    for kind in KINDS:
        if wanted in (kind.key, _folded(kind.vietnamese), kind.english):
            return kind
    known = ", ".join(kind.vietnamese for kind in KINDS)
    raise DocumentError(
        say("No such kind of document: {name}. Known are: {known}.", name=name, known=known), where="kind"
    )


def copy_named(name: str) -> CopyKind:
    """Find a kind of copy by its key, what is printed or its names; raises DocumentError for another."""
    wanted = _folded(name)
    for kind in COPIES:
        if wanted in (kind.key, _folded(kind.vietnamese), kind.english, _folded(kind.printed)):
            return kind
    known = ", ".join(kind.printed for kind in COPIES)
    raise DocumentError(
        say("No such kind of copy: {name}. Known are: {known}.", name=name, known=known), where="kind"
    )


def _folded(name: str) -> str:
    """Fold case, encoding and the two ways of placing a tone (Bản thoả thuận, Giấy uỷ quyền)."""
    text = " ".join(unicodedata.normalize("NFC", name).casefold().split())
    for older, newer in (("oả", "ỏa"), ("uỷ", "ủy"), ("oà", "òa"), ("uý", "úy")):
        text = text.replace(older, newer)
    return text
