"""A queue of frozen values in packed form, which takes a fifth of the memory of the values themselves."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

import msgspec

from scheduler.text import as_json

T = TypeVar("T", bound=msgspec.Struct)

_encode = msgspec.msgpack.Encoder().encode

_JSON = ord("[")
"""The first byte of a record in JSON; no array in MessagePack begins with it."""


class Form(Generic[T]):
    """How values of one type are unpacked. The type must be a struct that is encoded as an array."""

    __slots__ = ("_decode", "_kind")

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def unpack(self, data: bytes | bytearray | memoryview) -> T:
        """The value of a record."""
        if data[0] != _JSON:
            return self._decode(data)
        import json  # noqa: PLC0415 - text that is not UTF-8 is rare

        return msgspec.convert(json.loads(bytes(data)), self._kind)


class PackedRecords(Sequence[T]):
    """Values of one type, oldest first. Reading one makes it anew."""

    __slots__ = ("_data", "_form", "_sizes")

    def __init__(self, form: Form[T]) -> None:
        self._form = form
        self._data = bytearray()
        self._sizes = array("I")

    def append(self, value: T) -> int:
        """Add the newest value. Returns how many bytes it takes."""
        data = _packed(value)
        self._data += data
        self._sizes.append(len(data))
        return len(data)

    def drop_first(self) -> tuple[T, int]:
        """Remove the oldest value. Returns it, and how many bytes it took."""
        size = self._sizes.pop(0)
        value = self._form.unpack(self._data[:size])
        del self._data[:size]
        return value, size

    def drop_last(self) -> int:
        """Remove the newest value. Returns how many bytes it took."""
        size = self._sizes.pop()
        del self._data[-size:]
        return size

    @property
    def size(self) -> int:
        """Bytes that all values take."""
        return len(self._data)

    def __len__(self) -> int:
        return len(self._sizes)

    def __iter__(self) -> Iterator[T]:
        data, start = memoryview(bytes(self._data)), 0
        for size in self._sizes[:]:
            yield self._form.unpack(data[start : start + size])
            start += size

    def __reversed__(self) -> Iterator[T]:
        data, end = memoryview(bytes(self._data)), len(self._data)
        for size in reversed(self._sizes[:]):
            yield self._form.unpack(data[end - size : end])
            end -= size

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if index == -1 and self._sizes:
            return self._form.unpack(self._data[-self._sizes[-1] :])
        if index == 0 and self._sizes:
            return self._form.unpack(self._data[: self._sizes[0]])
        return list(self)[index]


def _packed(value: msgspec.Struct) -> bytes:
    try:
        return _encode(value)
    except (UnicodeEncodeError, OverflowError):  # text that is not UTF-8, or an integer of more than 64 bits
        return as_json(value)
