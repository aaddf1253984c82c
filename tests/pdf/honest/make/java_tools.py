"""Compiles and runs the small Java programs of ``java/``; DOCSIGN_JARS names a folder with their libraries.

The folder has one folder each: ``pdfbox`` (PDFBox, OpenPDF, BouncyCastle), ``itext5``, ``dss``.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

SOURCES = Path(__file__).with_name("java")


def run_java(program: str, *words: str | Path) -> str:
    """Run ``program``.java with these arguments and return what it prints."""
    library = {"Itext5": "itext5", "Dss": "dss"}
    room = next((folder for part, folder in library.items() if part in program), "pdfbox")
    jars = Path(os.environ["DOCSIGN_JARS"]) / room
    path = os.pathsep.join(str(jar) for jar in sorted(jars.glob("*.jar")))
    with tempfile.TemporaryDirectory() as classes:
        compile = ["javac", "-nowarn", "-encoding", "UTF-8", "-cp", path, "-d", classes, "-sourcepath", SOURCES, SOURCES / f"{program}.java"]
        subprocess.run(compile, check=True, capture_output=True, text=True)
        command = ["java", "-cp", os.pathsep.join((classes, path)), program, *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")
    return done.stdout
