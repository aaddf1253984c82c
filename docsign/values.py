"""``dataclass`` for slotted values: what ``dataclasses.dataclass`` makes, but made when it is first used.

A command that answers one question imports ninety such classes and makes values of half of them. The standard
decorator compiles six functions for each, which together takes longer than to read and judge a signed file.
Here a class costs some microseconds, and its ``__init__`` is compiled when its first value is made. Type
checkers see the standard decorator; ``dataclasses.field``, ``fields`` and ``replace`` work as ever.

Not supported, as nothing here needs it: ``order``, ``unsafe_hash``, ``InitVar``, ``kw_only`` for single
fields, a standard data class derived from one of these. Classes without slots use the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """Return the value with some fields changed, as ``dataclasses.replace`` does, in less time."""
        made = type(value)
        for name in made.__shape__.kinds:
            if name not in changes:
                changes[name] = getattr(value, name)
        return made(**changes)

    def dataclass(*, slots: bool, frozen: bool = False, kw_only: bool = False, eq: bool = True) -> Any:
        """Return the decorator; the arguments mean what they mean to ``dataclasses.dataclass``."""
        if not slots:
            raise TypeError("only slotted classes are made here")
        return lambda cls: _made(cls, frozen=frozen, kw_only=kw_only, eq=eq)


class _Shape:
    """What the class body said, those above it included."""

    __slots__ = ("defaults", "frozen", "kinds", "kw_only")

    def __init__(self, cls: type, *, frozen: bool, kw_only: bool) -> None:
        own = {name: kind for name, kind in cls.__annotations__.items() if not kind.startswith("ClassVar")}
        defaults = {name: cls.__dict__[name] for name in own if name in cls.__dict__}
        above: _Shape | None = getattr(cls, "__shape__", None)
        self.kinds: dict[str, str] = own if above is None else above.kinds | own
        self.defaults: dict[str, Any] = defaults if above is None else above.defaults | defaults
        self.frozen, self.kw_only = frozen, kw_only

    def names(self, flag: str) -> list[str]:
        """Return the fields that ``field`` did not except from this use (``repr``, ``compare``)."""
        return [
            name
            for name in self.kinds
            if not isinstance(default := self.defaults.get(name), Field) or getattr(default, flag)
        ]


def _made(cls: type, *, frozen: bool, kw_only: bool, eq: bool) -> Any:
    """Return the class anew, with slots and with the methods of a data class."""
    shape = _Shape(cls, frozen=frozen, kw_only=kw_only)
    own = [name for name in cls.__annotations__ if name in shape.kinds]
    body = {
        name: value
        for name, value in cls.__dict__.items()
        if name not in own and name not in ("__dict__", "__weakref__")
    }
    body["__slots__"] = tuple(own)
    body["__shape__"] = shape
    body["__match_args__"] = () if kw_only else tuple(shape.kinds)
    body["__dataclass_fields__"] = _DESCRIBED

    def first_init(self: object, *positional: Any, **named: Any) -> None:
        """Compile the ``__init__`` of the class, and let it make this first value."""
        init = _init(made)  # two threads may both come here: either's will do
        made.__init__ = init
        init(self, *positional, **named)

    body["__init__"] = first_init
    body.setdefault("__repr__", _repr(shape.names("repr")))
    if eq:
        key = _key(shape.names("compare"))
        body.setdefault("__eq__", _eq(key))
        body.setdefault("__hash__", (lambda self: hash(key(self))) if frozen else None)
    if frozen:
        body |= _FROZEN
    made: Any = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


class _Described:
    """The fields as the standard module describes them: made when ``fields`` or ``replace`` ask."""

    def __get__(self, instance: object, owner: Any) -> dict[str, Field[Any]]:
        holder: Any = next(cls for cls in owner.__mro__ if "__shape__" in cls.__dict__)
        shape: _Shape = holder.__shape__
        body = {"__doc__": "Fields alone.", "__annotations__": shape.kinds, "__module__": holder.__module__}
        describe = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=shape.kw_only)
        described: Any = describe(type(holder.__name__, (), body | shape.defaults))
        fields: dict[str, Field[Any]] = described.__dataclass_fields__
        holder.__dataclass_fields__ = fields  # from now on without this detour
        return fields


_DESCRIBED = _Described()


def _init(cls: Any) -> Callable[..., None]:
    """Compile an ``__init__`` that sets every slot, in the order of the fields."""
    shape: _Shape = cls.__shape__
    scope: dict[str, Any] = {"missing": MISSING}
    parameters = ["self", "*"] if shape.kw_only and shape.kinds else ["self"]
    lines: list[str] = []
    for name in shape.kinds:
        default: Any = shape.defaults.get(name, MISSING)
        factory: Any = MISSING
        given = True
        if isinstance(default, Field):
            default, factory, given = default.default, default.default_factory, default.init
        if not given and factory is default is MISSING:
            continue  # left unset, as the standard decorator leaves it
        scope[f"default_{name}"], scope[f"make_{name}"] = default, factory
        if factory is not MISSING:
            value = f"make_{name}() if {name} is missing else {name}" if given else f"make_{name}()"
        else:
            value = name if given else f"default_{name}"
        if given and factory is default is MISSING:
            parameters.append(name)
        elif given:
            parameters.append(f"{name}={'missing' if default is MISSING else f'default_{name}'}")
        if shape.frozen:
            scope[f"set_{name}"] = getattr(cls, name).__set__
        lines.append(f" set_{name}(self, {value})" if shape.frozen else f" self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n" + ("\n".join(lines) or " pass"), scope)  # noqa: S102 -- as the standard decorator does
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _key(names: list[str]) -> Callable[[object], object]:
    return attrgetter(*names) if names else lambda _: ()


def _eq(key: Callable[[object], object]) -> Callable[[object, object], bool]:
    def __eq__(self: object, other: object) -> bool:  # noqa: N807 -- it becomes the method
        return key(self) == key(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _repr(names: list[str]) -> Callable[[object], str]:
    def __repr__(self: object) -> str:  # noqa: N807 -- it becomes the method
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"

    return __repr__


def _refuse_to_set(_self: object, name: str, _value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in type(self).__shape__.kinds]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(type(self).__shape__.kinds, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
