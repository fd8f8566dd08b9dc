"""The guides name what there is: metrics, log events, files, examples; and both languages say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from agi_app.config import CHECKOUT
from agi_app.telephony.ami.trunks import REGISTRATION_WORDS, TRUNK_WORDS

DOCS = CHECKOUT / "docs"
SOURCES = "\n".join(path.read_text("utf-8") for path in (CHECKOUT / "agi_app").rglob("*.py"))


def code(page: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`\n]+)`", (DOCS / page).read_text("utf-8"))


@pytest.mark.parametrize("name", ["operations", "telecom-admins", "settings"])
def test_both_languages_name_the_same_things(name: str) -> None:
    def things(page: str) -> set[str]:
        return {
            text
            for text in code(page)
            if re.fullmatch(r"[\w./{},-]+\.(?:conf|toml|yml|yaml|json|db|service|log)|hireline_\w+.*|\w+_\w+", text)
        }

    assert things(f"{name}.md") == things(f"{name}.zh-CN.md")


def test_the_metrics_and_events_of_the_guide_exist() -> None:
    named = set(re.findall(r"hireline_[a-z_]+[a-z]", " ".join(code("operations.md"))))
    for metric in named:
        base = re.sub(r"_total$", "", metric)
        parts = [base, re.sub(r"^hireline_media_\w+", "hireline_media_", base)]
        assert any(f'"{part}' in SOURCES for part in parts), metric
    table = (DOCS / "operations.md").read_text("utf-8").split("## The log")[1].split("## ")[0]
    events = [event for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for event in re.findall(r"`(\w+)`", row)]
    assert len(events) >= 10
    for event in events:
        assert f'"{event}"' in SOURCES, event


@pytest.mark.parametrize("page", ["operations.md", "operations.zh-CN.md", "telecom-admins.md", "telecom-admins.zh-CN.md"])
def test_files_and_links_of_the_guides_exist(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (DOCS / link).exists(), link
    for path in re.findall(r"`((?:docker|asterisk_conf|dialplan)/[\w./-]+)`", text):
        made = {"asterisk_conf/local", "asterisk_conf/keys/"}
        assert path in made or (CHECKOUT / path).exists(), path
    examples = {file.name.removesuffix(".conf.example") for file in Path(CHECKOUT / "asterisk_conf" / "pjsip.d").glob("*.example")}
    if page.startswith("telecom"):
        assert {name for name in examples if name not in text} == set()


def test_what_doctor_says_of_trunks_is_explained_in_both_languages() -> None:
    english, chinese = ((DOCS / page).read_text("utf-8") for page in ("telecom-admins.md", "telecom-admins.zh-CN.md"))
    for words in (*TRUNK_WORDS.values(), *REGISTRATION_WORDS.values()):
        own = re.match(r"([a-z ]+) (\S+)", words)
        assert own is not None
        if own[1] != "stopped":
            assert own[1] in english, words
            assert own[2] in chinese, words
