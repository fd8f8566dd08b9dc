"""The sample resumes, what should be read from them, and how much of it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from hr_sync.records.resumes import Proposal
from hr_sync.resumes.reading import propose
from hr_sync.resumes.text import read_text

SAMPLES = Path(__file__).parents[1] / "data" / "resumes"
TODAY = date(2026, 11, 22)
LISTS = ("employers", "roles", "skills", "certificates", "wishes")
SCALARS = ("name", "phone", "email", "city", "degree", "school", "major", "graduated", "years_experience", "status")


@dataclass
class Tally:
    """What was found rightly, wrongly, not at all, by field."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)

    def precision(self, names: Iterable[str]) -> float:
        right, wrong = sum(self.right[name] for name in names), sum(self.wrong[name] for name in names)
        return right / max(1, right + wrong)

    def recall(self, names: Iterable[str]) -> float:
        right, missed = sum(self.right[name] for name in names), sum(self.missed[name] for name in names)
        return right / max(1, right + missed)


def sources(folder: str) -> list[Path]:
    return sorted((SAMPLES / folder).glob("*.source"))


def resume_of(source: Path) -> Path:
    """The file that was made of a source."""
    name = wanted(source).get("file", source.stem)
    return next(path for path in source.parent.iterdir() if path.suffix != ".source" and path.stem == name)


def wanted(source: Path) -> dict[str, str]:
    lines = [line[2:] for line in source.read_text("utf-8").splitlines() if line.startswith("# ")]
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def read(source: Path) -> Proposal:
    path = resume_of(source)
    return propose(read_text(path), file=path.name, today=TODAY)


def found_values(proposal: Proposal) -> dict[str, list[str]]:
    """What was read, in the form of the expectations."""
    found: dict[str, list[str]] = {}
    for each in proposal.fields:
        if each.name == "employments":
            found["employers"] = [item["employer"] for item in each.value]
            found["roles"] = [item["role"] for item in each.value if item["role"]]
        elif isinstance(each.value, list):
            found[each.name] = [str(item) for item in each.value]
        else:
            found[each.name] = [f"{each.value:g}" if isinstance(each.value, float) else str(each.value)]
    return found


def score(folder: str) -> Tally:
    tally = Tally()
    for source in sources(folder):
        expected = wanted(source)
        if expected["form"] == "pdf-scan":
            continue
        found = found_values(read(source))
        for name in (*SCALARS, *LISTS):
            want = Counter(plain(item) for item in expected.get(name, "").split(";" if name in LISTS else "\n") if item.strip())
            have = Counter(plain(item) for item in found.get(name, []))
            tally.right[name] += (want & have).total()
            tally.wrong[name] += (have - want).total()
            tally.missed[name] += (want - have).total()
            if want != have:
                tally.told.append(f"{source.stem} {name}: wanted {sorted(want - have)}, found {sorted(have - want)}")
    return tally


def plain(item: str) -> str:
    return "".join(item.split()).casefold().replace("：", ":")


def table(tally: Tally) -> str:
    lines = [f"{name:18} precision {tally.precision([name]):.2f} recall {tally.recall([name]):.2f}" for name in (*SCALARS, *LISTS)]
    both = (*SCALARS, *LISTS)
    lines.append(f"{'scalars':18} precision {tally.precision(SCALARS):.3f} recall {tally.recall(SCALARS):.3f}")
    lines.append(f"{'lists':18} precision {tally.precision(LISTS):.3f} recall {tally.recall(LISTS):.3f}")
    lines.append(
        f"{'all':18} precision {tally.precision(both):.3f} recall {tally.recall(both):.3f} (items {sum(tally.right.values())})"
    )
    return "\n".join(lines)
