"""What names may stand for while a study is planned."""

from __future__ import annotations

from collections.abc import Collection, Iterator


class Anything(Collection[str]):
    """The columns of a source that nobody knows yet: every name is among them."""

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
