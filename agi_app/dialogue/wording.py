"""Chooses between several ways to say the same: the same call says the same again when replayed, and varies within itself."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from agi_app.dialogue.pack.schema import Interview, Pack
from agi_app.dialogue.pack.template import Template
from agi_app.errors import PackError


class Wording:
    """The sentences of one call.

    Args:
        pack: the language pack.
        interview: its own sentences come before the pack's.
        facts: spoken facts by name.
        seed: the call id; decides which variant comes first.
        vary: False says the first variant always.
    """

    def __init__(self, pack: Pack, interview: Interview, facts: Mapping[str, str | None], seed: str, *, vary: bool) -> None:
        self._named = {**pack.wording, **interview.wording}
        self._vary = vary
        self._facts = facts
        self._seed = seed
        self.used: Counter[str] = Counter()
        """How often each sentence was said, so that the next time another variant is."""

    def named(self, name: str, **values: str) -> str:
        """A sentence of wording/ by its name."""
        return self.choose(name, self._named[name], **values)

    def sentences(self, name: str) -> tuple[Template, ...]:
        """Every way to say a sentence of wording/."""
        return self._named[name]

    def variants(self, name: str) -> tuple[str, ...]:
        """Every variant of a sentence of wording/ that needs no value of the moment."""
        rendered = (sentence.render(self._facts) for sentence in self._named[name])
        return tuple(text for text in rendered if text)

    def choose(self, key: str, sentences: Sequence[Template], **values: str) -> str:
        """One of the sentences that can be said, another one each time. Raises PackError when none can."""
        text = self.peek(key, sentences, **values)
        self.used[key] += 1
        return text

    def peek(self, key: str, sentences: Sequence[Template], **values: str) -> str:
        """What `choose` would say now, without counting it as said."""
        facts = {**self._facts, **values}
        texts = [text for sentence in sentences if (text := sentence.render(facts))]
        if not texts:
            where = sentences[0].where if sentences else None
            raise PackError(
                f"no variant of `{key}` can be said: facts are missing", where=where, remedy="add a variant without them"
            )
        first = zlib.crc32(f"{self._seed}/{key}".encode()) if self._vary else 0
        return texts[(first + (self.used[key] if self._vary else 0)) % len(texts)]
