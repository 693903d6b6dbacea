"""A queue of frozen values in packed form, which takes a fifth of the memory of the values themselves."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Generic, TypeVar

import msgspec

from scheduler.text import as_json

T = TypeVar("T", bound=msgspec.Struct)

_encode = msgspec.msgpack.Encoder().encode

_JSON = ord("[")
"""The first byte of a record in JSON; no array in MessagePack begins with it."""


class Form(Generic[T]):
    """How values of one type are unpacked. The type must be a struct that is encoded as an array."""

    def __init__(self, kind: type[T]) -> None:
        self._kind = kind

    @cached_property
    def _decode(self) -> Callable[[bytes | bytearray | memoryview], T]:
        return msgspec.msgpack.Decoder(self._kind).decode  # takes a millisecond to create

    def unpack(self, data: bytes | bytearray | memoryview) -> T:
        """The value of a record."""
        if data[0] != _JSON:
            return self._decode(data)
        import json  # noqa: PLC0415 - text that is not UTF-8 is rare

        return msgspec.convert(json.loads(bytes(data)), self._kind)


class PackedRecords(msgspec.Struct, Generic[T], eq=False, gc=False):
    """Values of one type, oldest first. Each read makes a new value.

    Thousands of these exist for as long as the program runs, so none of their parts is visited by garbage collection.
    """

    form: Form[T]
    _data: bytearray = msgspec.field(default_factory=bytearray)
    _sizes: bytearray = msgspec.field(default_factory=bytearray)
    """Four bytes for each value."""

    def append(self, value: T) -> int:
        """Add the newest value. Returns how many bytes it takes."""
        try:
            data = _encode(value)
        except (UnicodeEncodeError, OverflowError):  # text that is not UTF-8, or an integer of more than 64 bits
            data = as_json(value)
        size = len(data)
        self._data += data
        self._sizes += size.to_bytes(4, sys.byteorder)
        return size

    def drop_first(self) -> bytearray:
        """Remove the oldest value. Returns its record, of which a `Form` may read less than all."""
        size = int.from_bytes(self._sizes[:4], sys.byteorder)
        record = self._data[:size]
        del self._data[:size], self._sizes[:4]
        return record

    def drop_last(self) -> int:
        """Remove the newest value. Returns how many bytes it took."""
        size = int.from_bytes(self._sizes[-4:], sys.byteorder)
        del self._data[-size:], self._sizes[-4:]
        return size

    @property
    def size(self) -> int:
        """Bytes that all values take."""
        return len(self._data)

    @property
    def last(self) -> T | None:
        """The newest value."""
        if not self._sizes:
            return None
        return self.form.unpack(self._data[-int.from_bytes(self._sizes[-4:], sys.byteorder) :])

    @property
    def first(self) -> T | None:
        """The oldest value."""
        return self.form.unpack(self._data[: int.from_bytes(self._sizes[:4], sys.byteorder)]) if self._sizes else None

    def __len__(self) -> int:
        return len(self._sizes) // 4

    def __iter__(self) -> Iterator[T]:
        data, start = memoryview(bytes(self._data)), 0
        for size in memoryview(bytes(self._sizes)).cast("I"):
            yield self.form.unpack(data[start : start + size])
            start += size

    def __reversed__(self) -> Iterator[T]:
        data, end = memoryview(bytes(self._data)), len(self._data)
        for size in reversed(memoryview(bytes(self._sizes)).cast("I")):
            yield self.form.unpack(data[end - size : end])
            end -= size
