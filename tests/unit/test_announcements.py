"""What networks, voicemail and assistants say is found by its sound, and told from what people say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from agi_app.config import Settings
from agi_app.errors import PackError
from agi_app.interview.announcements import Words, load_matcher, looked_up
from agi_app.interview.sayings import load_sayings
from agi_app.telephony.call import CallEnding
from agi_app.telephony.progress.matching import Matcher
from agi_app.telephony.progress.verdict import Conclusion, of_tone, of_words, with_ending
from hr_sync.records import Disposition

PACK = Settings().models / "zh_CN"
PICKUPS = yaml.safe_load((Path(__file__).parents[1] / "data" / "announcements" / "pickups.yaml").read_text("utf-8"))["says"]
D = Disposition


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return load_matcher(PACK)


def decided(words: Words) -> str | None:
    finding = words.decisive
    return str(finding.kind.disposition or finding.kind.meaning) if finding else None


@pytest.mark.parametrize(
    ("heard", "disposition"),
    [
        ("对不起，您拨打的号码是空号，请核对后再拨", D.INVALID_NUMBER),
        ("对不起,您播打第一号码是空好,请和对后再播", D.INVALID_NUMBER),
        ("您好您播达第一电话与关机", D.SWITCHED_OFF),
        ("人波打听电话已关机", D.SWITCHED_OFF),
        ("您好,您播大地后马,以赞评服务", D.OUT_OF_SERVICE),
        ("您播打第一电话证在通话中且稍后再播", D.BUSY),
        ("对不起,您拨打滴,用户正在通话中请稍后再拨", D.BUSY),
        ("对不起 您所播达低用户 再是无法接通", D.UNREACHABLE),
        ("对不起英国打地用户服在服务区", D.UNREACHABLE),
        ("您好,您播打地用户,暂时无限接听", D.NO_ANSWER),
        ("您好这里是以音信箱请在提示音后留言", D.VOICEMAIL),
        ("sorry the number you dialed does not exist", D.INVALID_NUMBER),
        ("sorry the subscriber you dialled is power off", D.SWITCHED_OFF),
        ("the number you dialed is out of service", D.OUT_OF_SERVICE),
        ("sorry the number you dialed in out on service", D.OUT_OF_SERVICE),
        ("sorry the subscriber you dialed is busy now please redial later", D.BUSY),
        ("the subscriber you dialed can not be connected for the moment", D.UNREACHABLE),
        ("您的账户余额不足，请充值", D.TRUNK_FAILED),
    ],
)
def test_announcements_are_found_however_they_were_written(matcher: Matcher, heard: str, disposition: Disposition) -> None:
    assert decided(looked_up(matcher, [heard], False)) == disposition


@pytest.mark.parametrize(
    "heard",
    [
        "您拨打的用户正在通话中，请不要挂机",
        "正在为您转接，请勿挂断",
        "让我再看你一眼从南到北",
        "您好欢迎致电云川科技",
        "",
        "。",
        "喂",
    ],
)
def test_what_decides_nothing_while_it_rings(matcher: Matcher, heard: str) -> None:
    assert decided(looked_up(matcher, [heard], False)) is None


def test_busy_is_decided_only_when_the_sentence_is_over(matcher: Matcher) -> None:
    words = looked_up(matcher, ["您拨打的用户正在通话中"], False)
    assert decided(words) == D.BUSY
    going_on = Words(words.text, words.findings, at_pause=False, syllables=words.syllables)
    assert going_on.decisive is None


@pytest.mark.parametrize("says", PICKUPS)
def test_no_person_is_taken_for_a_machine(matcher: Matcher, says: str) -> None:
    assert decided(looked_up(matcher, [says], True)) is None


@pytest.mark.parametrize(
    ("heard", "what"),
    [
        ("您好，我现在不方便接听电话，请在滴声后留言", "voicemail"),
        ("你好我现在不方便接听电话请在低身后留言", "voicemail"),
        ("我是机主的语音助手，请问您是哪位", "screening"),
        ("您好这里是来电秘书", "screening"),
        ("您拨打的用户已关机", "switched_off"),
        ("我手机快关机了", None),
        ("我正在通话中", None),
    ],
)
def test_after_the_answer_the_network_is_known_by_words_only_it_says(matcher: Matcher, heard: str, what: str | None) -> None:
    assert decided(looked_up(matcher, [heard], True)) == what


def test_the_second_reading_counts_where_the_first_says_nothing(matcher: Matcher) -> None:
    assert decided(looked_up(matcher, ["英国打击", "您拨打的电话已关机"], False)) == D.SWITCHED_OFF


def ending(sip_code: int | None, disposition: Disposition) -> CallEnding:
    return CallEnding(disposition, sip_code, 19, f"SIP {sip_code}", "network")


@pytest.mark.parametrize(
    ("heard", "code", "said", "comes_to"),
    [
        (D.SWITCHED_OFF, 480, D.NO_ANSWER, D.SWITCHED_OFF),
        (D.INVALID_NUMBER, 503, D.TRUNK_FAILED, D.INVALID_NUMBER),
        (D.BUSY, 603, D.REJECTED, D.REJECTED),
        (D.INVALID_NUMBER, 603, D.REJECTED, D.INVALID_NUMBER),
    ],
)
def test_words_go_before_codes_except_where_a_person_declined(
    heard: Disposition, code: int, said: Disposition, comes_to: Disposition
) -> None:
    both = with_ending(Conclusion(heard, "announcement"), ending(code, said))
    assert both.disposition is comes_to
    assert both.evidence == f"announcement; SIP {code}"


def test_evidence_quotes_the_catalogue_and_not_what_was_recognised(matcher: Matcher) -> None:
    finding = looked_up(matcher, ["您播打13800000001的电话已关机"], False).decisive
    assert finding is not None
    assert "电话已关机" in of_words(finding).evidence
    assert "0001" not in of_words(finding).evidence
    assert of_tone("busy") == Conclusion(D.BUSY, "tone while it rang: busy")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("context: [a]\nannouncements: []\n", "announcements"),
        ("context: [您拨打的]\nannouncements:\n  - {id: x, phrases: [关机]}\n", "disposition"),
        ("context: [您拨打的]\nannouncements:\n  - {id: x, disposition: asleep, phrases: [关机]}\n", "disposition"),
        ("context: [您拨打的]\nannouncements:\n  - {id: x, disposition: busy, phrases: ['…']}\n", "…"),
        ("context: [\n", "announcements.yaml:"),
    ],
)
def test_a_catalogue_with_an_error_is_refused_and_says_where(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "announcements.yaml").write_text(text, "utf-8")
    (tmp_path / "grammars").symlink_to(PACK / "grammars")
    with pytest.raises(PackError) as refused:
        load_matcher(tmp_path)
    assert named in str(refused.value)


def test_sentences_with_a_wrong_name_are_refused(tmp_path: Path) -> None:
    text = (PACK / "telephone.yaml").read_text("utf-8")
    assert load_sayings(PACK).say("transfer_whisper", candidate="张伟", job="销售") == "候选人张伟，销售岗。"
    (tmp_path / "telephone.yaml").write_text(text.replace("{candidate}，{job}岗", "{candidate}，{pay}"), "utf-8")
    with pytest.raises(PackError, match="transfer_whisper: pay"):
        load_sayings(tmp_path)
    (tmp_path / "telephone.yaml").write_text(text.replace("returning:", "back:"), "utf-8")
    with pytest.raises(PackError, match="back, returning"):
        load_sayings(tmp_path)
