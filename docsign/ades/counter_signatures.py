"""Finds the counter-signatures of a CMS signature, nested ones too (RFC 5652 11.4).

Each is a SignerInfo in an unsigned attribute of the one it confirms, and signs that one's signature value.
They are found without recursion and judged, as signatures of their own, by ``docsign.ades.cades``.
"""

from __future__ import annotations

from collections.abc import Iterator

from docsign.ades import signed_data as sd
from docsign.ades.der import Node
from docsign.errors import CmsError
from docsign.sentence import Sentence, say
from docsign.values import dataclass

MOST_COUNTER_SIGNATURES = 32
"""The most counter-signatures of one signature that are judged, nested ones included."""
MOST_LEVELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSignature:
    """One of them; ``signer`` is None where it cannot be read, and ``problem`` says why.

    ``parent`` is the signature value that it confirms, ``id`` counts on from that signature's.
    """

    id: str
    parent_id: str
    parent: bytes
    signer: sd.SignerInfo | None
    problem: Sentence | None = None


def counter_signatures(signer: sd.SignerInfo, id: str) -> Iterator[CounterSignature]:
    """Yield the counter-signatures of ``signer``, each before those that confirm it in turn.

    Where there are more than are judged, one that cannot be read stands last and says so.
    """
    waiting: list[tuple[Node, str, str, bytes, int]] = []

    def push(one: sd.SignerInfo, its_id: str, level: int) -> None:
        values = one.unsigned_values(sd.COUNTER_SIGNATURE)[: MOST_COUNTER_SIGNATURES + 1]
        numbered = list(enumerate(values, 1))
        waiting.extend(
            (value, f"{its_id}-C{number}", its_id, one.signature, level)
            for number, value in reversed(numbered)
        )

    push(signer, id, 1)
    count, cut = 0, False
    while waiting and count < MOST_COUNTER_SIGNATURES:
        count += 1
        value, own_id, parent_id, parent, level = waiting.pop()
        try:
            found = sd.read_signer(value)
        except CmsError as error:
            yield CounterSignature(
                id=own_id, parent_id=parent_id, parent=parent, signer=None, problem=error.sentence
            )
            continue
        yield CounterSignature(id=own_id, parent_id=parent_id, parent=parent, signer=found)
        if level < MOST_LEVELS:
            push(found, own_id, level + 1)
        else:
            cut = cut or bool(found.unsigned_values(sd.COUNTER_SIGNATURE))
    if waiting or cut:
        sentence = say(
            "There are more counter-signatures than are judged ({limit}).", limit=MOST_COUNTER_SIGNATURES
        )
        yield CounterSignature(
            id=f"{id}-C", parent_id=id, parent=signer.signature, signer=None, problem=sentence
        )
