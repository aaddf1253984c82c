"""The pure rooms take bytes and a time and give values: they open, ask and roll nothing themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import ROOT, modules

PURE = (
    "docsign.verdict", "docsign.secrecy", "docsign.policy", "docsign.sentence", "docsign.errors",
    "docsign.ades", "docsign.pdf", "docsign.envelope", "docsign.document", "docsign.exchange.wire",
    "relay_server.core", "docsign.pki.certificates", "docsign.pki.paths", "docsign.pki.path_facts",
    "docsign.pki.past", "docsign.pki.existence", "docsign.pki.status", "docsign.pki.revocation",
    "docsign.pki.ocsp", "docsign.pki.validation_data", "docsign.pki.wanting",
)  # fmt: skip
SHELLS = {
    "docsign.document.copy_layout": "Typst reads its fonts",
    "docsign.document.gallery": "reads the samples that are shipped",
    "docsign.document.layout": "Typst reads its fonts and the template",
    "docsign.envelope.agency_catalogue": "reads the list that is shipped",
    "docsign.pdf.typeset": "Typst reads its fonts",
    "docsign.sentence": "reads the catalogue that is shipped",
}
CALLS = {
    "open", "input", "print",
    "datetime.now", "datetime.utcnow", "date.today", "datetime.today",
    "time.time", "time.monotonic", "time.sleep",
    "os.urandom", "uuid.uuid4", "uuid4", "random.random", "secrets.token_bytes", "secrets.token_hex",
    "subprocess.run", "os.environ.get", "os.getenv",
}  # fmt: skip
METHODS = {"read_bytes", "read_text", "write_bytes", "write_text", "mkdir", "unlink", "rglob"}


def dotted(node: ast.expr) -> str:
    """Return ``a.b.c`` for a chain of attributes, with "" for what is not a name."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in ``tree``, leaving out ``from_path``, a shell by its name."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.FunctionDef) and child.name == "from_path":
            continue
        if isinstance(child, ast.Call):
            yield child
        yield from calls(child)


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that are imported, wherever the import stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_pure_rooms_open_nothing() -> None:
    """No file, clock, randomness, environment or process; bytes shipped in the package excepted."""
    wrong = []
    for name, tree, path in modules():
        if not name.startswith(PURE) or name in SHELLS:
            continue
        for call in calls(tree):
            called = dotted(call.func)
            method = called.rpartition(".")[2] if "." in called else ""
            if called in CALLS or method in METHODS:
                wrong.append(f"{path.relative_to(ROOT)}:{call.lineno}: {called}")
    assert not wrong, "\n".join(wrong)


def test_pure_rooms_import_nothing_that_reaches_out() -> None:
    """The part of the layers that import-linter cannot say: submodules of the standard library."""
    forbidden = {"urllib.request", "http.client", "subprocess", "tempfile", "random", "secrets"}
    wrong = []
    for name, tree, path in modules():
        if not name.startswith(PURE) or name in SHELLS:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {module}" for module in imports(tree) if module in forbidden]
    assert not wrong, "\n".join(wrong)
