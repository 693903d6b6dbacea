"""The settings of a systemd service with specifiers replaced, and the remarks about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scheduler.translate.importers.source_file import SourceFile
from scheduler.translate.importers.unit_file import Setting, UnitFile, words_of
from scheduler.translate.importers.unit_name import UnitError, UnitName
from scheduler.translate.translation import Remark


class ServiceSettings:
    """The settings of a service. `done` are the keys, after their section and a dot, that have been asked for."""

    def __init__(self, source: SourceFile, name: UnitName, unit: UnitFile) -> None:
        self._source, self._name, self._unit = source, name, unit
        self.remarks: list[Remark] = []
        self.done: set[str] = set()

    def of(self, key: str) -> list[Setting]:
        """The settings of a key of [Service] as they are written."""
        self.done.add(f"Service.{key}")
        return self._unit.of("Service", key)

    def last(self, key: str, section: str = "Service") -> Setting | None:
        """The setting of a key that takes one value; None, too, with a remark when a specifier has no equivalent."""
        self.done.add(f"{section}.{key}")
        setting = self._unit.last(section, key)
        return None if setting is None else self._expanded(setting)

    def all(self, key: str) -> list[Setting]:
        """The settings of a key of [Service] that takes several values."""
        return [*filter(None, map(self._expanded, self.of(key)))]

    def words(self, key: str) -> Iterator[tuple[Setting, str]]:
        """The words of the settings of a key of [Service]."""
        for setting in self.of(key):
            words = words_of(setting.value)
            if words is None:
                self.refuse(setting, "a quote is not closed, or an escape is not valid")
            for word in words or ():
                if found := self._expanded(setting._replace(value=word)):
                    yield setting, found.value

    def note(self, setting: Setting, why: str) -> None:
        """The setting is carried over with a difference."""
        self._remark(self._source.note, setting, why)

    def refuse(self, setting: Setting, why: str) -> None:
        """The setting is not carried over."""
        self._remark(self._source.refuse, setting, why)

    def _expanded(self, setting: Setting) -> Setting | None:
        try:
            return setting._replace(value=self._name.specified(setting.value))
        except UnitError as error:
            self.refuse(setting, str(error))
            return None

    def _remark(self, make: Callable[[int, str, str], Remark], setting: Setting, why: str) -> None:
        is_secret = setting.section == "Service" and "nviron" in setting.key
        text = setting.key if is_secret else f"{setting.key}={setting.value}"
        self.remarks.append(make(setting.line, f"{self._name.text}: {text}", why))
