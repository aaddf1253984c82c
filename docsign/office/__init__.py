"""The clerk's desk: drafts and the way they are issued, number series, registers, and their small store.

The rules are in ``docsign.document.issuing``; here they meet files, keys, numbers and the disk. Another
system uses the same desk over a store of its own (``ports.OfficeStore``).
"""

from docsign.office.desk import Office
from docsign.office.incoming import Incoming
from docsign.office.memory import MemoryStore
from docsign.office.people import Staff
from docsign.office.ports import OfficeRows, OfficeStore
from docsign.office.register import Register
from docsign.office.series import Numbered, SeriesPlan
from docsign.office.store import SqliteStore

__all__ = [
    "Incoming",
    "MemoryStore",
    "Numbered",
    "Office",
    "OfficeRows",
    "OfficeStore",
    "Register",
    "SeriesPlan",
    "SqliteStore",
    "Staff",
]
