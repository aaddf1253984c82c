"""Hash trees: the worked example of RFC 4998 4.2, and that no leaf goes up unseen."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from docsign.ades.hash_tree import joined, roots, with_earlier
from tests.evidence_builder import reduced


def sha(*parts: bytes) -> bytes:
    """Digest with SHA-256."""
    return hashlib.sha256(b"".join(parts)).digest()


def test_the_example_of_the_standard() -> None:
    """Two single files and a group of three: figures 1 to 3 of RFC 4998 4.2."""
    one, three = sha(b"d1"), sha(b"d3")
    group = [sha(b"d2a"), sha(b"d2b"), sha(b"d2c")]
    together = joined("sha256", group)
    assert together == sha(*sorted(group))
    top = sha(*sorted((sha(*sorted((one, together))), three)))
    assert roots("sha256", [(one, together), (three,)]) == (top,)
    assert roots("sha256", [tuple(group), (one,), (three,)]) == (top,)
    assert top in roots("sha256", [(one,), (together,), (three,)])


def test_a_lone_value_is_handed_on_as_it_is() -> None:
    """RFC 6283 3.2.2 says so; RFC 4998 read by the letter digests it again, which proves the same."""
    assert roots("sha256", [(b"x" * 32,)]) == (b"x" * 32, sha(b"x" * 32))


def test_a_renewed_leaf_holds_file_and_chains() -> None:
    """The digest of the file, then that of the earlier chains; sorted where figure 4 is followed."""
    plain, in_order = with_earlier("sha256", b"b", b"a")
    assert (plain, in_order) == (sha(b"b", b"a"), sha(b"a", b"b"))


@given(
    groups=st.lists(
        st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=3), min_size=1, max_size=9
    ),
    data=st.data(),
)
def test_every_leaf_leads_to_the_same_top(groups: list[list[bytes]], data: st.DataObject) -> None:
    """Whatever group a tree is reduced to, the top is the one that was stamped."""
    tops = {reduced("sha256", groups, which)[1] for which in range(len(groups))}
    assert len(tops) == 1
    which = data.draw(st.integers(0, len(groups) - 1))
    path, top = reduced("sha256", groups, which)
    assert top in roots("sha256", [tuple(group) for group in path])
