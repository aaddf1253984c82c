"""``dataclass`` for slotted values: what ``dataclasses.dataclass`` makes, but made when it is first used.

A command that answers one question imports ninety such classes and makes values of half of them. The standard
decorator compiles six functions for each, which together takes longer than to read and judge a signed file.
Here a class costs some microseconds, and its ``__init__`` is compiled when its first value is made. Type
checkers see the standard decorator; ``dataclasses.field``, ``fields`` and ``replace`` work as ever.

Not supported, as nothing here needs it: inheritance between such classes, ``order``, ``unsafe_hash``,
``InitVar``, ``kw_only`` for single fields. Classes without slots use the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, slots: bool, frozen: bool = False, kw_only: bool = False, eq: bool = True) -> Any:
        """Return the decorator; the arguments mean what they mean to ``dataclasses.dataclass``."""
        if not slots:
            raise TypeError("only slotted classes are made here")
        return lambda cls: _made(cls, frozen=frozen, kw_only=kw_only, eq=eq)


def _made(cls: type, *, frozen: bool, kw_only: bool, eq: bool) -> type:
    """Return the class anew, with slots and with the methods of a data class."""
    body = dict(cls.__dict__)
    kinds = {name: kind for name, kind in body["__annotations__"].items() if not kind.startswith("ClassVar")}
    defaults = {name: body.pop(name) for name in kinds if name in body}
    del body["__dict__"], body["__weakref__"]
    names = tuple(kinds)
    described = {name: default for name, default in defaults.items() if isinstance(default, Field)}
    shown = [name for name in names if name not in described or described[name].repr]
    body["__slots__"] = names
    body["__match_args__"] = () if kw_only else names
    body["__dataclass_fields__"] = _Fields(kinds, defaults, kw_only)
    body["__init__"] = _first_init(names, defaults, frozen=frozen, kw_only=kw_only)
    body.setdefault("__repr__", _repr(shown))
    if eq:
        key = _key([name for name in names if name not in described or described[name].compare])
        body.setdefault("__eq__", _eq(key))
        body.setdefault("__hash__", (lambda self: hash(key(self))) if frozen else None)
    if frozen:
        body |= _FROZEN
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


class _Fields:
    """The fields as ``dataclasses`` describes them, for ``fields`` and ``replace``."""

    def __init__(self, kinds: dict[str, str], defaults: dict[str, Any], kw_only: bool) -> None:
        self._body = {"__doc__": "Fields alone.", "__annotations__": kinds, **defaults}
        self._kw_only = kw_only

    def __get__(self, instance: object, owner: type) -> dict[str, Field[Any]]:
        describe = dataclasses.dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)
        shape: Any = describe(type(owner.__name__, (), self._body | {"__module__": owner.__module__}))
        fields: dict[str, Field[Any]] = shape.__dataclass_fields__
        holder = next(cls for cls in owner.__mro__ if cls.__dict__.get("__dataclass_fields__") is self)
        holder.__dataclass_fields__ = fields  # type: ignore[attr-defined] # from now on without this detour
        return fields


def _first_init(
    names: tuple[str, ...], defaults: dict[str, Any], *, frozen: bool, kw_only: bool
) -> Callable[..., None]:
    """Return an ``__init__`` that compiles the real one and lets it make the first value."""

    def __init__(self: Any, *positional: Any, **named: Any) -> None:  # noqa: N807 -- it becomes the method
        cls: Any = next(cls for cls in type(self).__mro__ if cls.__dict__.get("__init__") is __init__)
        cls.__init__ = _init(cls, names, defaults, frozen=frozen, kw_only=kw_only)
        cls.__init__(self, *positional, **named)

    return __init__


def _init(
    cls: type, names: tuple[str, ...], defaults: dict[str, Any], *, frozen: bool, kw_only: bool
) -> Callable[..., None]:
    """Compile an ``__init__`` that sets every slot, in the order of the fields."""
    scope: dict[str, Any] = {"missing": MISSING}
    parameters = ["self", "*"] if kw_only and names else ["self"]
    lines: list[str] = []
    for name in names:
        default: Any = defaults.get(name, MISSING)
        factory: Any = MISSING
        given = True
        if isinstance(default, Field):
            default, factory, given = default.default, default.default_factory, default.init
        scope[f"default_{name}"], scope[f"make_{name}"] = default, factory
        if factory is not MISSING:
            value = f"make_{name}() if {name} is missing else {name}" if given else f"make_{name}()"
        else:
            value = name if given else f"default_{name}"
        if given and factory is default is MISSING:
            parameters.append(name)
        elif given:
            parameters.append(f"{name}={'missing' if default is MISSING else f'default_{name}'}")
        if frozen:
            scope[f"set_{name}"] = cls.__dict__[name].__set__
        lines.append(f" set_{name}(self, {value})" if frozen else f" self.{name} = {value}")
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
    return [getattr(self, name) for name in type(self).__slots__]


def _restore(self: Any, state: list[Any]) -> None:
    for name, value in zip(type(self).__slots__, state, strict=True):
        object.__setattr__(self, name, value)


_FROZEN = {
    "__setattr__": _refuse_to_set,
    "__delattr__": _refuse_to_delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
