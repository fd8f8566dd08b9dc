"""How far a campaign has come, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from agi_app.config import Settings
from hr_sync.calling_hours import CallingHours, zone
from hr_sync.errors import InvalidDataError
from hr_sync.holidays import announced
from hr_sync.owner import is_alive
from hr_sync.records.campaigns import Campaign, CampaignState, JourneyState
from hr_sync.store import SqliteStore
from hr_sync.store.campaigns import CampaignCounts, Campaigns
from hr_sync.store.executors import LEASE, Executors

_APPLICATION = "hireline"


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign at one moment."""

    campaign: Campaign
    counts: CampaignCounts
    opens_at: dict[str, datetime]
    """When candidates who were not called yet may be called, by time zone."""
    servers: int
    """Processes that run campaigns."""
    holidays_unknown: int | None
    """The year whose public holidays are not announced, if one comes into play."""

    def as_json(self) -> dict[str, Any]:
        """The machine form."""
        counts = self.counts
        return {
            "campaign": self.campaign.model_dump(mode="json"),
            "candidates": counts.candidates,
            "journeys": counts.journeys,
            "outcomes": counts.outcomes,
            "calls": counts.calls,
            "dispositions": counts.dispositions,
            "next_due_at": counts.next_due_at and counts.next_due_at.isoformat(),
            "opens_at": {where: at.isoformat() for where, at in self.opens_at.items()},
            "servers": self.servers,
        }

    def print(self, console: Console) -> None:
        """For people."""
        campaign, counts = self.campaign, self.counts
        ended = counts.journeys.get(JourneyState.ENDED, 0)
        console.print(f"campaign [bold]{campaign.id}[/] · job {campaign.job_id} · {campaign.state}", highlight=False)
        bar = Table.grid(padding=(0, 1))
        bar.add_row(
            ProgressBar(total=max(1, counts.candidates), completed=ended, width=40), f"{ended} of {counts.candidates} ended"
        )
        console.print(bar)
        table = Table("candidates", "", "outcomes", "", "calls by disposition", "", box=None)
        columns = [
            [(str(state), number) for state, number in counts.journeys.items()],
            list(counts.outcomes.items()),
            [(str(disposition), number) for disposition, number in counts.dispositions.items()],
        ]
        for place in range(max(map(len, columns), default=0)):
            cells = [column[place] if place < len(column) else ("", "") for column in columns]
            table.add_row(*(str(part) for cell in cells for part in cell))
        console.print(table)
        for line in self._notices():
            console.print(line, highlight=False)

    def _notices(self) -> list[str]:
        lines, now = [], datetime.now(UTC)
        if self.campaign.state is CampaignState.RUNNING:
            if not self.servers:
                lines.append("[yellow]no server runs: nothing is dialled before `hireline serve` is started[/]")
            for where, at in self.opens_at.items():
                if at > now:
                    lines.append(
                        f"[yellow]{where}: outside the calling hours until {at.astimezone(zone(where)):%Y-%m-%d %H:%M %A}[/]"
                    )
            if (due := self.counts.next_due_at) is not None:
                lines.append(f"next call that somebody waits for: {due.astimezone():%Y-%m-%d %H:%M:%S}")
        if self.holidays_unknown is not None:
            lines.append(
                f"[yellow]this version does not know the public holidays of {self.holidays_unknown}: every day that may be one is"
                " left out; pip install --upgrade chinesecalendar[/]"
            )
        return lines


def look(settings: Settings, store: SqliteStore, campaign_id: str) -> Standing:
    """Look at a campaign. Raises NotFoundError."""
    campaigns, now = Campaigns(store.connections), datetime.now(UTC)
    campaign = campaigns.campaign(campaign_id)
    hours = settings.calling_hours
    opens = {where: at for where in campaigns.new_time_zones(campaign_id) if (at := _opens(hours, now, where)) is not None}
    years = {now.year, *(at.year for at in opens.values())}
    unknown = min((year for year in years if not announced(year)), default=None) if hours.holidays == "china" else None
    return Standing(campaign, campaigns.counts(campaign_id), opens, _servers(store, now), unknown)


def _opens(hours: CallingHours, now: datetime, where: str) -> datetime | None:
    try:
        return hours.next_permitted(now, where)
    except InvalidDataError:  # those candidates end with the reason
        return None


def _servers(store: SqliteStore, now: datetime) -> int:
    signed = Executors(store.connections).signed(_APPLICATION)
    return sum(is_alive(name) is not False and now - at < LEASE for name, at in signed.items())
