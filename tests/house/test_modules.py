"""Every module has its test, every test says what it holds, and nothing grows without being asked why."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import docsign
from tests.house.tree import ROOT, modules, test_modules, texts

# A module is tested by its mirror (docsign/pdf/fields.py -> tests/pdf/test_fields.py) or by a test that
# imports it. One that is exercised otherwise stands here with the test that does it.
EXERCISED_BY = {
    "docsign.ades.in_time": "tests/ades/test_cades.py",
    "docsign.ades.signer": "tests/ades/test_cades.py",
    "docsign.ades.timestamps": "tests/ades/test_cades.py",
    "docsign.ades.xades_algorithms": "tests/ades/test_xades.py",
    "docsign.ades.xades_checks": "tests/ades/test_xades_forms.py",
    "docsign.ades.xades_judge": "tests/ades/test_xades.py",
    "docsign.cli.batch": "tests/cli/test_transcripts.py",
    "docsign.cli.grant": "tests/relay/test_delegation.py",
    "relay_server.operating": "tests/relay/test_doctor.py",
    "relay_server.directory_check": "tests/relay/test_checking.py",
    "relay_server.notes_check": "tests/relay/test_stamp.py",
    "docsign.cli.expires": "tests/cli/test_transcripts.py",
    "docsign.cli.extend": "tests/cli/test_transcripts.py",
    "docsign.cli.copy": "tests/cli/test_transcripts.py",
    "docsign.cli.elsewhere": "tests/cli/test_transcripts.py",
    "docsign.cli.sign": "tests/cli/test_transcripts.py",
    "docsign.pdf.incoming": "tests/signing/test_places.py",
    "docsign.cli.edxml": "tests/cli/test_transcripts.py",
    "docsign.cli.opening": "tests/cli/test_transcripts.py",
    "docsign.cli.draft": "tests/cli/test_transcripts.py",
    "docsign.cli.office_desk": "tests/cli/test_transcripts.py",
    "docsign.cli.register": "tests/cli/test_transcripts.py",
    "docsign.office.versions": "tests/office/test_drafts.py",
    "docsign.cli.config": "tests/cli/test_settings.py",
    "docsign.cli.envelope": "tests/envelope/test_commands.py",
    "docsign.cli.keys": "tests/pki/test_keys_command.py",
    "docsign.cli.options": "tests/cli/test_transcripts.py",
    "docsign.cli.pki": "tests/pki/test_cli.py",
    "docsign.formats": "tests/verification/test_verification.py",
    "docsign.pdf.changes.comparison": "tests/pdf/changes/test_steps.py",
    "docsign.pdf.changes.document": "tests/verification/test_judge.py",
    "docsign.pdf.changes.pages": "tests/verification/test_judge.py",
    "docsign.pdf.forms": "tests/verification/test_judge.py",
    "docsign.pdf.placing": "tests/verification/test_judge.py",
    "docsign.pdf.shadows": "tests/verification/test_judge.py",
    "docsign.pdf.structure": "tests/verification/test_judge.py",
    "docsign.pki.chains": "tests/pki/test_paths.py",
    "docsign.pki.pkcs12": "tests/pki/test_keys.py",
    "docsign.pki.problems": "tests/pki/test_paths.py",
    "docsign.pki.trial_certificates": "tests/pki/test_authority.py",
    "docsign.pki.responder": "tests/pki/test_cli.py",
    "docsign.pki.revocation": "tests/pki/test_paths.py",
    "docsign.cli.verify_answers": "tests/verification/test_verify_command.py",
    "docsign.cli.verify_many": "tests/cli/test_transcripts.py",
    "docsign.verification.contents": "tests/verification/test_verification.py",
    "docsign.verification.kinds": "tests/verification/test_verification.py",
    "docsign.verification.question": "tests/verification/test_verification.py",
    "relay_server.proving": "tests/relay/test_log.py",
    "docsign.verification.reporting": "tests/verification/test_verification.py",
    "relay_server.care": "tests/relay/test_checking.py",
    "relay_server.directory_commands": "tests/relay/test_rotation.py",
    "relay_server.log_check": "tests/relay/test_checking.py",
}

FILE_LINES, FUNCTION_LINES = 500, 75
# What is longer, with the reason.
LONG_ON_PURPOSE: dict[str, str] = {}


def has_code(tree: ast.Module) -> bool:
    """Return whether the module defines anything, rather than listing what others define."""
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for node in tree.body)


def handed_on() -> dict[str, str]:
    """Return where the names come from that a package hands on: ``docsign.pki.open_key`` from its module."""
    found = {f"docsign.{name}": f"{module}.{name}" for name, module in docsign._PUBLIC.items()}
    for package, tree, path in modules():
        if path.name == "__init__.py":
            for node in ast.walk(tree):
                if isinstance(node, ast.ImportFrom) and node.module:
                    found |= {
                        f"{package}.{alias.name}": f"{node.module}.{alias.name}" for alias in node.names
                    }
    return found


def imported_by_tests() -> set[str]:
    """Return every module that some test imports, or from which it imports a name, directly or handed on."""
    origin, found = handed_on(), set()
    for _, tree in test_modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    while name in origin:
                        name = origin[name]
                    found |= {node.module, name, name.rpartition(".")[0]}
    return found


def mirror(module: str) -> str:
    """Return where the test of ``module`` is expected."""
    package, *middle, last = module.split(".")
    room = ("relay",) if package == "relay_server" else tuple(middle)
    return "/".join(("tests", *room, f"test_{last}.py"))


def test_every_module_has_its_test() -> None:
    """By its mirror, by a test that imports it, or by the one named above."""
    imported, untested, known = imported_by_tests(), [], set[str]()
    for name, tree, _ in modules():
        if "." not in name or not has_code(tree):
            continue
        known.add(name)
        if mirror(name) in texts() or name in imported or EXERCISED_BY.get(name) in texts():
            continue
        untested.append(f"{name}: neither {mirror(name)} nor a test that imports it")
    assert not untested, "\n".join(untested)
    assert set(EXERCISED_BY) <= known, "a module of this list is gone"


def test_every_test_says_what_it_holds() -> None:
    """Each test has a sentence, so that the tests read as a specification."""
    silent = [
        f"{name}:{node.lineno} {node.name}"
        for name, tree in test_modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent, "\n".join(silent)


def long_parts() -> Iterator[str]:
    """Yield the modules and functions that are longer than the house likes."""
    for name, tree, path in modules():
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > FILE_LINES:
            yield f"{path.relative_to(ROOT)}: {lines} lines"
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    yield f"{name}.{node.name}: {length} lines"


def test_nothing_grows_without_being_asked_why() -> None:
    """Files and functions stay of a size that is read in one go."""
    long = [part for part in long_parts() if part.partition(":")[0] not in LONG_ON_PURPOSE]
    assert not long, "\n".join(long)


def test_names_say_something() -> None:
    """No utils, helpers, manager, common or misc: such a name says nothing of what is inside."""
    empty = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    named = [name for name, _, _ in modules() if empty & set(name.split("."))]
    assert not named
