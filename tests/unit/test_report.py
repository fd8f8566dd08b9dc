"""Reports: everything is there, nothing is let in from outside, and both languages work."""

import base64
import hashlib
import io
import re

import numpy as np
import pytest
import soundfile
from pdfminer.high_level import extract_text

from hr_sync.errors import ReportError
from hr_sync.records import MoodPoint
from hr_sync.records.assessment import (
    Assessment,
    CompetencyAssessment,
    Decision,
    Offer,
    Reason,
    Recommendation,
)
from hr_sync.records.pay import MoneyRange
from hr_sync.records.results import Evidence
from hr_sync.reports import ReportData, render_html, render_pdf
from hr_sync.reports.drawing import CLOUD_HEIGHT, CLOUD_WIDTH, cloud, curves
from hr_sync.reports.wording import REASONS, reason_text, slot_text
from tests.unit.assessment_kit import AT, brief, call

EVIL = '<script>alert("x")</script>'


def data(*, assessed: bool = True) -> ReportData:
    result = call(
        ("system", "client_relationship", "您是如何维护长期客户关系的？"),
        ("candidate", "client_relationship", "我每周回访一次，去年续约率九成。"),
        ("candidate", "closing", EVIL),
        slots={"expected_pay": {"min": 12000, "max": 12000, "period": "month"}, "start_date": {"in_days": 30}},
        pay_fit={"score": 85, "range": [10000, 13000], "expected": {"min": 12000, "max": 12000, "period": "month"}},
        doubts=[{"intent": "ask_overtime", "text": "加班多吗", "answered": False}],
        mood=[{"at_ms": 1000, "patience": 0.8, "hesitation": 0.1}, {"at_ms": 5000, "patience": 0.4, "hesitation": 0.6}],
    )
    scored = CompetencyAssessment(
        id="customer_relations",
        title="客户关系维护",
        score=72.4,
        confidence=0.8,
        asked=True,
        keywords=("回访", "续约"),
        evidence=(Evidence(text="去年续约率九成", start_ms=4200, end_ms=5600),),
    )
    unknown = CompetencyAssessment(id="negotiation", title="谈判能力", score=None, confidence=0, asked=False)
    assessment = Assessment(
        call_id=result.call_id,
        candidate_id=result.candidate_id,
        job_id=result.job_id,
        method="1; zh_CN 1",
        assessed_at=AT,
        competencies=(scored, unknown),
        overall=72.4,
        confidence=0.6,
        offer=Offer(
            level="mid", level_range=MoneyRange(min=10000, max=15000), range=MoneyRange(min=12600, max=13600), position=0.65
        ),
        recommendation=Recommendation.INVITE,
        reasons=(Reason(code="interested_and_good", values={"score": 72.4}),),
        keywords={"客户": 5, "回访": 3, "续约": 2, "仓库": 1, "采购": 1, "合同": 1},
    )
    decision = Decision(id="d", call_id=result.call_id, decision="advance", by=f"林晓{EVIL}", reason="案例具体", at=AT)
    person = brief()
    return ReportData(result, person.candidate, person.job, assessment if assessed else None, (decision,), AT)


def wav() -> bytes:
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((8000, 2), np.float32), 8000, format="WAV")
    return sound.getvalue()


def test_everything_known_is_told_in_both_languages() -> None:
    chinese, english = render_html(data()), render_html(data(), "en")
    for said in ("张伟", "大客户销售", "去年续约率九成", "客户关系维护", "12,600–13,600", "加班多吗", "林晓", "案例具体"):
        assert said in chinese
        assert said in english
    for words, page in (("系统建议", chinese), ("待HR答复", chinese), ("说得太少", chinese), ("The system recommends", english)):
        assert words in page
    assert "A person decides" in english
    assert not re.search(
        "[\u4e00-\u9fff]",
        re.sub(r"<style>.*?</style>", "", english.split("<section>")[1].split("</section>")[0], flags=re.DOTALL).replace(
            "张伟", ""
        ),
    )


def test_what_people_said_is_text_and_never_markup() -> None:
    page = render_html(data())
    assert EVIL not in page
    assert "&lt;script&gt;" in page
    assert page.count("<script>") == 1


def test_the_page_refers_to_nothing_outside_and_its_policy_fits_its_own_parts() -> None:
    page = render_html(data(), recording=wav())
    assert not re.search(r"https?://|//[a-z]", re.sub(r"data:audio/mpeg;base64,[^\"]*", "", page))
    assert " style=" not in page  # the policy allows the one style sheet alone
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    for tag in ("style", "script"):
        text = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_turns_and_evidence_open_the_audio() -> None:
    page = render_html(data(), recording=wav())
    assert '<audio controls preload="metadata" src="data:audio/mpeg;base64,' in page
    assert 'data-start="4200"' in page
    assert len(re.findall(r'class="turn [a-z ]*" data-start="\d+" data-end="\d+"', page)) == 3
    assert "turn candidate proof" in page
    assert "<audio" not in render_html(data())


def test_a_recording_that_is_none_is_refused() -> None:
    with pytest.raises(ReportError, match="cannot be read"):
        render_html(data(), recording=b"no sound")


def test_without_an_assessment_it_says_so() -> None:
    page = render_html(data(assessed=False))
    assert "尚未评估" in page
    assert "去年续约率九成" in page


def test_the_pdf_holds_chinese_text() -> None:
    packed = render_pdf(data())
    assert packed.startswith(b"%PDF-")
    text = extract_text(io.BytesIO(packed))
    for said in ("张伟", "客户关系维护", "去年续约率九成"):
        assert said in text


def test_the_cloud_keeps_its_words_inside_and_apart() -> None:
    words = cloud({f"词语{place}": 30 - place for place in range(30)})
    assert words[0].text == "词语0"
    assert words[0].size == max(word.size for word in words)
    assert len(words) >= 15
    for place, word in enumerate(words):
        assert 0 < word.x < CLOUD_WIDTH
        assert 0 < word.y < CLOUD_HEIGHT
        for other in words[:place]:
            apart = abs(word.x - other.x) >= (word.size + other.size) or abs(word.y - other.y) >= (word.size + other.size) / 2
            assert apart, (word, other)
    assert cloud({}) == ()


def test_curves_need_two_points() -> None:
    points = [MoodPoint(at_ms=at, patience=0.5, hesitation=0.25) for at in (0, 5000)]
    drawn = curves(points, 10_000)
    assert drawn.patience == "0.0,60.0 320.0,60.0"
    assert drawn.hesitation == "0.0,90.0 320.0,90.0"
    assert curves(points[:1], 10_000) is None


@pytest.mark.parametrize(
    ("slot", "value", "chinese", "english"),
    [
        ("expected_pay", {"min": 12000, "max": 15000, "period": "month"}, "每月 12,000–15,000 元", "12,000–15,000 yuan a month"),
        ("expected_pay", {"min": 9000, "net": True}, "每月 9,000 元以上，税后", "from 9,000 yuan a month, after tax"),
        ("start_date", {"in_days": 0}, "随时", "at once"),
        ("years_experience", {"years": 2.5}, "2.5 年", "2.5 years"),
        ("degree", "bachelor", "本科", "bachelor"),
    ],
)
def test_answers_in_words(slot: str, value: object, chinese: str, english: str) -> None:
    assert slot_text(slot, value, "zh") == chinese
    assert slot_text(slot, value, "en") == english


def test_every_reason_has_words() -> None:
    values = {"score": 71.5, "names": ["沟通能力"], "count": 2, "years": 3.0, "level": "mid", "position": 0.5}
    for code in REASONS:
        text = reason_text(Reason(code=code, values=values))
        assert "{" not in text
        assert text != code
