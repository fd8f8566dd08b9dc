"""Everything of the configured language, loaded as one: a pack that cannot be used is refused whole, and the one in use stays."""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.config import Settings
from agi_app.dialogue.pack import Pack, load_pack
from agi_app.dialogue.understander import PackUnderstander
from agi_app.interview.announcements import load_matcher
from agi_app.interview.sayings import Sayings, load_sayings
from agi_app.telephony.progress.matching import Matcher


@dataclass(frozen=True, slots=True)
class Language:
    """One state of a language pack's files; a call keeps the one it began with."""

    pack: Pack
    understander: PackUnderstander
    matcher: Matcher
    sayings: Sayings


def load_language(settings: Settings) -> Language:
    """Read the configured language pack. Blocks, for seconds when its examples have changed.

    Raises:
        PackError: a file cannot be used; names file and line.
        ModelError: the embedding model is missing or damaged.
        SetupError: the classifier cannot be trained or kept.
    """
    pack = load_pack(settings.models / settings.interview.language)
    return Language(pack, load_understander(settings, pack), load_matcher(pack.folder), load_sayings(pack.folder))


def load_understander(settings: Settings, pack: Pack | None = None) -> PackUnderstander:
    """The understanding of the configured language; trains its classifier when the pack has changed. Blocks for seconds then."""
    folder = settings.models / settings.interview.language
    kinds = (pack or load_pack(folder)).question_kinds
    return PackUnderstander.load(folder, kinds, weights=settings.weights, state=settings.state)
