"""Pickles, read without executing them.

Python's own unpickler imports and calls whatever a pickle names, and would do so even with `find_class` overridden: its
REDUCE calls any class that the table lets through with any arguments, as `bytearray(10**15)`, and its BUILD writes to any
object. So this is a machine of its own for the same stack, with `pickletools` to take the stream apart. Why it is safe:

- A name is looked up in a table (`names.find`). What is not there is an error, before anything has been made of it.
- REDUCE and NEWOBJ call nothing but the builders of `rebuilding`, which check their arguments; and what the program
  itself has trusted through `add_safe_globals`. BUILD knows attributes of an OrderedDict, and of trusted objects.
- An instruction makes at most one object, of a size that the bytes of the instruction itself pay for: `pickletools` reads
  a string that is said to be long only if it is there. The memo is a dict, so that a large index costs nothing. So a file
  cannot take up more memory than a constant times its own size.
- Keys of dicts and members of sets are looked at before Python hashes them, which for nested tuples can take forever, or
  overflow the stack.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from pickle import UnpicklingError
from reprlib import repr as shown
from typing import Any

from adjoint.lazy import lazy
from adjoint.serialization.names import find, full_name, trusted
from adjoint.serialization.rebuilding import BUILDERS, check_key

__all__ = ["globals_in", "unpickle"]

pickletools = lazy("pickletools")

_DAMAGED = "\nThe file is damaged, or no file of tensors."
_MAPPINGS = (dict, OrderedDict, Counter)


def instructions(stream: Any) -> Any:
    """The instructions of one pickle; the stream is left behind it."""
    parsed = pickletools.genops(stream)
    while True:
        try:
            opcode, argument, position = next(parsed)
        except StopIteration:
            return
        except (ValueError, OverflowError, MemoryError, Warning) as error:  # a warning: of a name with a backslash
            raise UnpicklingError(f"{error}{_DAMAGED}") from None
        yield opcode.name, argument, position


def globals_in(stream: Any) -> set[str]:
    """The names of the globals that a pickle asks for."""
    names: set[str] = set()
    memo: dict[int, Any] = {}
    before: tuple[Any, Any] = (None, None)  # the last two things that were pushed, where they are text
    for name, argument, _ in instructions(stream):
        if name == "GLOBAL":
            names.add(full_name(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL" and None not in before:
            names.add(full_name(*before))
        if name in ("MEMOIZE", "BINPUT", "LONG_BINPUT"):
            memo[len(memo) if name == "MEMOIZE" else argument] = before[1]
        elif name in ("BINGET", "LONG_BINGET"):
            before = before[1], memo.get(argument)
        else:
            before = before[1], argument if name in _TEXT else None
    return names


def unpickle(stream: Any, persistent: Callable[[tuple], Any] | None = None, encoding: str = "utf-8") -> Any:
    """The object that the next pickle of a stream describes; `persistent` finds the storages that it refers to."""
    machine = _Machine(persistent, encoding)
    try:
        for name, argument, position in instructions(stream):
            carry_out = _INSTRUCTIONS.get(name)
            if carry_out is not None:
                carry_out(machine, argument)
            elif name in _DATA:
                machine.stack.append(argument)
            elif name == "STOP":
                return machine.stack.pop()
            elif name not in _IGNORED:
                raise UnpicklingError(f"Unsupported operand {name} at byte {position}{_DAMAGED}")
    except _OutsideError as passed:
        raise passed.error from None
    except (IndexError, KeyError, AttributeError, TypeError, ValueError, RecursionError) as error:
        # of the stack, the memo, or a key that cannot be hashed: the errors of storages are RuntimeErrors
        raise UnpicklingError(f"the pickle makes no sense ({type(error).__name__}: {error}){_DAMAGED}") from None
    raise UnpicklingError(f"pickle exhausted before seeing STOP{_DAMAGED}")


class _OutsideError(Exception):
    """An error of the program's own code, which is passed on as it is."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _outside(function: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """Call what is the program's: what it trusts, and what finds the storages."""
    try:
        return function(*arguments, **keywords)
    except Exception as error:
        raise _OutsideError(error) from error


class _Machine:
    """The stack and the memo of one pickle that is being read."""

    def __init__(self, persistent: Callable[[tuple], Any] | None, encoding: str) -> None:
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks under each mark
        self.memo: dict[int, Any] = {}
        self.persistent = persistent
        self.encoding = encoding
        self.trust = trusted()

    def up_to_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    # --- names, and what is made from them ---

    def look_up(self, name: str) -> None:
        self.stack.append(find(name, self.trust))

    def global_(self, argument: str) -> None:
        self.look_up(full_name(*argument.split(" ", 1)))

    def stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise UnpicklingError(f"the name of a global must be text{_DAMAGED}")
        self.look_up(full_name(module, name))

    def is_trusted(self, thing: Any) -> bool:
        return any(thing is each for each in self.trust.values())

    def reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack[-1]
        if not isinstance(arguments, tuple):
            raise UnpicklingError(f"a function takes a tuple of arguments{_DAMAGED}")
        if self.is_trusted(function):
            self.stack[-1] = _outside(function, *arguments)
        elif callable(function) and function in BUILDERS:
            self.stack[-1] = BUILDERS[function](*arguments)
        else:
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {shown(function)}{_DAMAGED}")

    def new_object(self, _: Any) -> None:
        arguments, kind = self.stack.pop(), self.stack.pop()
        if self.is_trusted(kind) and isinstance(kind, type):
            self.stack.append(_outside(kind.__new__, kind, *arguments))
        elif isinstance(kind, type) and kind in BUILDERS:
            self.stack.append(BUILDERS[kind](*arguments))
        else:
            raise UnpicklingError(
                "Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got "
                f"{shown(kind)}{_DAMAGED}"
            )

    def new_object_with_keywords(self, _: Any) -> None:
        keywords, arguments, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        if not (self.is_trusted(kind) and isinstance(kind, type)):
            raise UnpicklingError(f"Can only create new object for classes that are trusted, but got {shown(kind)}")
        self.stack.append(_outside(kind.__new__, kind, *arguments, **keywords))

    def build(self, _: Any) -> None:
        state, instance = self.stack.pop(), self.stack[-1]
        if type(instance) is OrderedDict:
            if any(not isinstance(name, str) or hasattr(OrderedDict, name) for name in state):
                raise UnpicklingError(f"an OrderedDict has no such attributes: {shown(list(state))}{_DAMAGED}")
            vars(instance).update(state)
        elif self.is_trusted(type(instance)):
            _outside(_set_state, instance, state)
        else:
            raise UnpicklingError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got "
                f"{type(instance)}{_DAMAGED}"
            )

    def refer(self, _: Any) -> None:
        reference = self.stack.pop()
        if self.persistent is None or not isinstance(reference, tuple):
            raise UnpicklingError(f"persistent_load id must be tuple or int, but got {type(reference)}{_DAMAGED}")
        self.stack.append(_outside(self.persistent, reference))

    # --- containers ---

    def mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def tuple_(self, _: Any) -> None:
        items = self.up_to_mark()
        self.stack.append(tuple(items))

    def tuple_of(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError("the stack is too short")
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def list_(self, _: Any) -> None:
        items = self.up_to_mark()
        self.stack.append(items)

    def dict_(self, _: Any) -> None:
        items = self.up_to_mark()
        self.stack.append({})
        self.assign(items)

    def frozen_set(self, _: Any) -> None:
        items = self.up_to_mark()
        for each in items:
            check_key(each)
        self.stack.append(frozenset(items))

    def extend(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise UnpicklingError(f"Can only append to lists, but got {type(target)}{_DAMAGED}")
        target.extend(items)

    def add(self, _: Any) -> None:
        items, target = self.up_to_mark(), self.stack[-1]
        if type(target) is not set:
            raise UnpicklingError(f"Can only add to sets, but got {type(target)}{_DAMAGED}")
        for each in items:
            check_key(each)
        target.update(items)

    def assign(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) not in _MAPPINGS:
            raise UnpicklingError(
                f"Can only SETITEMS for dict, collections.OrderedDict, collections.Counter, but got {type(target)}{_DAMAGED}"
            )
        for key, value in zip(items[::2], items[1::2], strict=True):
            check_key(key)
            target[key] = value

    # --- the memo, and text ---

    def memorize(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def old_text(self, text: str) -> None:
        data = text.encode("latin1")
        self.stack.append(data if self.encoding == "bytes" else data.decode(self.encoding))


def _set_state(instance: Any, state: Any) -> None:
    """Give a trusted object its state, as `pickle` does."""
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        vars(instance).update(attributes)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)


Instruction = Callable[[_Machine, Any], None]

_INSTRUCTIONS: dict[str, Instruction] = {
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "EMPTY_LIST": lambda machine, _: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_SET": lambda machine, _: machine.stack.append(set()),
    "MARK": _Machine.mark,
    "TUPLE": _Machine.tuple_,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "LIST": _Machine.list_,
    "DICT": _Machine.dict_,
    "FROZENSET": _Machine.frozen_set,
    "APPEND": lambda machine, _: machine.extend([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.extend(machine.up_to_mark()),
    "ADDITEMS": _Machine.add,
    "SETITEM": lambda machine, _: machine.assign([machine.stack.pop(), machine.stack.pop()][::-1]),
    "SETITEMS": lambda machine, _: machine.assign(machine.up_to_mark()),
    "SHORT_BINSTRING": _Machine.old_text,
    "BINSTRING": _Machine.old_text,
    "BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "LONG_BINGET": lambda machine, index: machine.stack.append(machine.memo[index]),
    "BINPUT": _Machine.memorize,
    "LONG_BINPUT": _Machine.memorize,
    "MEMOIZE": lambda machine, _: machine.memorize(len(machine.memo)),
    "GLOBAL": _Machine.global_,
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "NEWOBJ": _Machine.new_object,
    "NEWOBJ_EX": _Machine.new_object_with_keywords,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.refer,
}

#: instructions that push what they read
_DATA = frozenset({
    "BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
})  # fmt: skip
_TEXT = frozenset({"BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"})
_IGNORED = frozenset({"PROTO", "FRAME"})
