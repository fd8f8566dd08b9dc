"""Grammars: what candidates say as rules, matched on toneless pinyin anywhere in an utterance.

`notation` reads the files, `expression` the tags in them, `library` compiles a folder once, `reading` turns an utterance into
syllables, `lexicon` finds words in it by sound, `chart` finds rules over those words. The notation is described in
docs/grammar-notation.md.
"""

from agi_app.dialogue.grammar.library import GrammarLibrary, Match
from agi_app.dialogue.grammar.reading import Reading

__all__ = ["GrammarLibrary", "Match", "Reading"]
