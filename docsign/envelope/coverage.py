"""What the signatures, time-stamps and evidence records of a container cover, and whether it is unchanged.

A CAdES signature, a time-stamp or a record is over a manifest, which names files by their digests, or in
ASiC-S over the one file itself (EN 319 162-1 4.3.3.2, 4.4.4.2). Every file is digested once for each hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from docsign.ades.algorithms import WEAK_HASHES, UnsupportedAlgorithmError, hash_bytes
from docsign.ades.problems import Problem, doubtful, failed
from docsign.ades.signer import Digester
from docsign.ades.xades_algorithms import digest_name
from docsign.ades.xades_references import hash_pieces, pieces_of, weak_digest
from docsign.ades.xades_transforms import Digests
from docsign.ades.xml import LIMIT as XML_LIMIT
from docsign.envelope.asic_manifest import AsicManifest, read_manifest
from docsign.envelope.container import Container
from docsign.errors import ContainerError, XmlError
from docsign.sentence import Sentence, say
from docsign.values import dataclass
from docsign.verdict import FileFormat, SubIndication

MANIFEST_LIMIT = 4 * 1024 * 1024
MOST_MANIFESTS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """What one signing file covers: ``content`` digests what it signs, None where that is not here.

    ``referred`` holds the files it is about, ``covered`` those whose digests are right.
    """

    content: Digester | None
    referred: frozenset[str] = frozenset()
    covered: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def is_unchanged(self) -> bool | None:
        """Whether every file is as the manifest says; None where one could not be checked."""
        if any(problem.conclusion.sub_indication is SubIndication.HASH_FAILURE for problem in self.problems):
            return False
        return None if self.referred - self.covered else True


class Coverage:
    """The manifests of a container, read once, and what each signing file covers."""

    def __init__(self, container: Container) -> None:
        self.container = container
        self.digests: Digests = {}
        self.held: dict[str, frozenset[bytes]] = {}
        """The names of what lies in a signing file, once somebody has looked (``container_proofs``)."""
        self._manifests: dict[str, tuple[AsicManifest, bytes]] = {}
        self.problems: list[Problem] = []
        """What is wrong with the manifests themselves."""
        names = container.names_of("manifest", "archive-manifest", "evidence-manifest")
        if len(names) > MOST_MANIFESTS:
            sentence = say("Too many manifests: {count}.", count=len(names))
            self.problems.append(form_problem(sentence, "META-INF/"))
            names = ()
        for name in names:
            try:
                data = container.read(name, MANIFEST_LIMIT)
                self._manifests[name] = read_manifest(data), data
            except (ContainerError, XmlError) as error:
                self.problems.append(form_problem(error.sentence, name))

    def digest(self, name: str, method: str) -> bytes | None:
        """Return a file's digest (hashlib's name); None where it is missing. Raises ContainerError."""
        key = (name, method)
        if key not in self.digests:
            pieces = pieces_of(self.resolve(name))
            self.digests[key] = None if pieces is None else hash_pieces(method, pieces)
        return self.digests[key]

    def resolve(self, name: str) -> BinaryIO | None:
        """Return the stream of a file; None where it is missing."""
        if self.container.find(name) is None:
            return None
        return cast("BinaryIO", self.container.stream(name))

    def manifests_of(self, name: str) -> list[str]:
        """Return the manifests that say they are signed by this file."""
        return [
            manifest
            for manifest, (read, _) in self._manifests.items()
            if self.container.name_of(read.signature_uri) == name
        ]

    def unsigned_manifests(self) -> Iterator[str]:
        """Yield the manifests whose signing file is not here."""
        for manifest, (read, _) in self._manifests.items():
            name = self.container.name_of(read.signature_uri)
            if name is None or self.container.find(name) is None:
                yield manifest

    def of(self, name: str) -> Covering:
        """Return what a CAdES signature, a time-stamp or an evidence record covers."""
        manifests = self.manifests_of(name)
        if len(manifests) > 1:
            sentence = say("Two manifests say that they are signed by this file.")
            return Covering(content=None, problems=(form_problem(sentence, name),))
        if manifests:
            return self._of_manifest(manifests[0])
        data = self.container.data_names
        if len(data) == 1 and self.container.format is FileFormat.ASICS:
            return self._of_file(data[0])
        sentence = say("No manifest says what this signature or time-stamp is about.")
        problem = doubtful(SubIndication.SIGNED_DATA_NOT_FOUND, "no-manifest", sentence, name)
        return Covering(content=None, problems=(problem,))

    def _of_file(self, name: str) -> Covering:
        """Cover the one file of an ASiC-S; that its digest is right is found with the signature."""

        def content(method: str) -> bytes:
            try:
                return self.digest(name, method) or b""
            except ContainerError:
                return b""  # no digest is empty: a damaged file is not what was signed

        return Covering(content=content, referred=frozenset({name}), covered=frozenset({name}))

    def _of_manifest(self, manifest: str) -> Covering:
        read, data = self._manifests[manifest]
        referred: set[str] = set()
        covered: set[str] = set()
        problems: list[Problem] = []
        for reference in read.references:
            name = self.container.name_of(reference.uri)
            if name is None:
                sentence = say("The reference {uri} leads out of the container.", uri=reference.uri[:100])
                problems.append(_missing(sentence, reference.uri[:100]))
                continue
            referred.add(name)
            try:
                method = digest_name(reference.digest_method)
                digest = self.digest(name, method)
            except UnsupportedAlgorithmError as error:
                sub = SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE
                problems.append(doubtful(sub, error.code, error.sentence, name))
                continue
            except ContainerError as error:
                problems.append(failed(SubIndication.HASH_FAILURE, "content-damaged", error.sentence, name))
                continue
            if method in WEAK_HASHES and (weak := weak_digest(method)) not in problems:
                problems.append(weak)
            if digest is None:
                sentence = say("A file that the signature covers is missing: {name}.", name=name)
                problems.append(_missing(sentence, name))
            elif digest != reference.digest:
                sentence = say(
                    "The content was changed after it was signed: its digest is not the signed one."
                )
                problems.append(failed(SubIndication.HASH_FAILURE, "content-changed", sentence, name))
            else:
                covered.add(name)
        return Covering(
            content=lambda method: hash_bytes(method, data),
            referred=frozenset(referred),
            covered=frozenset(covered),
            problems=tuple(problems),
        )

    def xml(self, name: str) -> bytes | None:
        """Return a file that may be XML; None where it is missing, damaged or too large for that."""
        entry = self.container.find(name)
        if entry is None or entry.size > XML_LIMIT:
            return None
        try:
            return self.container.read(name, XML_LIMIT)
        except ContainerError:
            return None

    def digesters(self, names: frozenset[str]) -> dict[str, Callable[[str], bytes]]:
        """Return how each of these files is digested; a damaged or missing one has no right digest."""

        def digester(name: str) -> Digester:
            def digest(method: str) -> bytes:
                try:
                    return self.digest(name, method) or b""
                except ContainerError:
                    return b""

            return digest

        return {name: digester(name) for name in sorted(names)}


def form_problem(sentence: Sentence, where: str, code: str = "container-form") -> Problem:
    """Return a breach of the container's form: TOTAL-FAILED / FORMAT_FAILURE."""
    return failed(SubIndication.FORMAT_FAILURE, code, sentence, where)


def _missing(sentence: Sentence, where: str) -> Problem:
    return doubtful(SubIndication.SIGNED_DATA_NOT_FOUND, "signed-data-not-found", sentence, where)
