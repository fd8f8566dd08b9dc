"""The pages on care for data: their commands and settings exist."""

import re
import tomllib
from pathlib import Path

import pytest
import typer

from agi_app import cli
from hr_sync.care.keyring import ENVIRONMENT
from hr_sync.care.rules import CareRules

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ["data-care.md", "data-care.zh-CN.md"]


def text(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_page_exists(page: str) -> None:
    root = typer.main.get_command(cli.app)
    found = re.findall(r"hireline ((?:[a-z][a-z-]*(?: |\b)){1,3})([^`\n]*)", text(page))
    assert len(found) >= 9
    for words, rest in found:
        command = root
        for word in words.split():
            if not hasattr(command, "commands"):
                break
            command = command.commands[word]
        options = {name for parameter in command.params for name in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (words, rest)


@pytest.mark.parametrize("page", PAGES)
def test_the_settings_are_the_defaults(page: str) -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", text(page), re.DOTALL)
    assert CareRules.model_validate(tomllib.loads(block)["care"]) == CareRules()
    assert ENVIRONMENT in text(page)
