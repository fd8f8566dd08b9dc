"""The language pack: what is said and asked, in files that recruiters and linguists edit. Loaded and checked as a whole."""

from agi_app.dialogue.pack.check import Finding, check
from agi_app.dialogue.pack.loader import load_pack
from agi_app.dialogue.pack.schema import Pack

__all__ = ["Finding", "Pack", "check", "load_pack"]
