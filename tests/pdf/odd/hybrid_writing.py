"""Word's hybrid files, signed by a program that adds to them in their own form: iText 7 and its like."""

from __future__ import annotations

from tests.pdf.attacks.revision import Revision
from tests.pdf.attacks.second_signer import add_field, completed, signature
from tests.pdf.attacks.syntax import Name, Stream, write_value
from tests.pdf.honest.make.by_hand import word_hybrid
from tests.pdf.odd.table import odd


def in_hybrid_form(revision: Revision, hidden: set[int]) -> bytes:
    """Return the file with this revision: its /XRefStm places the numbers ``hidden``, its table the rest."""
    data = revision.old.data + (b"" if revision.old.data.endswith(b"\n") else b"\n")
    bodies, offsets = revision.bodies(len(data))
    at = len(data + bodies)
    own = revision.next
    rows = {number: offsets[number] for number in hidden} | {own: at}
    index = [one for number in sorted(rows) for one in (number, 1)]
    packed = b"".join(bytes([1]) + rows[number].to_bytes(4, "big") + bytes(2) for number in sorted(rows))
    entries = {
        "Type": Name("XRef"),
        "Size": own + 1,
        "W": [1, 4, 2],
        "Index": index,
        "Root": revision.old.root,
    }
    revision.next += 1
    data += bodies + b"%d 0 obj\n" % own + write_value(Stream(entries, packed)) + b"\nendobj\n"
    revision.trailer["XRefStm"] = at
    shown = {number: (offset, 0) for number, offset in offsets.items() if number not in hidden}
    return data + revision.table(len(data), shown)


def signed_in_hybrid_form(revision: Revision, name: str, hidden: set[int]) -> bytes:
    """Sign in a new field; the page that lists it, and ``hidden``, are changed in the /XRefStm alone."""
    page = revision.old.pages()[0]
    add_field(revision, name, (0, 0, 0, 0), None, 1, revision.add(signature()))
    return completed(in_hybrid_form(revision, {page.number, *hidden}))


@odd()
def word_signed_in_its_own_form() -> bytes:
    """Readers from before 2003 would not see that the page has a field now: nothing that anybody signed."""
    return signed_in_hybrid_form(Revision(word_hybrid(structure_hidden=True), "table"), "KyMot", set())


@odd()
def word_signed_twice_in_its_own_form() -> bytes:
    """The second signer changes the page again."""
    return signed_in_hybrid_form(Revision(word_signed_in_its_own_form(), "table"), "KyHai", set())
