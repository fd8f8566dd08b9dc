"""What one utterance means, given the question it answers: grammars, classifier and the rules that weigh them."""

import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.config import load_settings
from agi_app.dialogue.understander import PackUnderstander
from agi_app.dialogue.understanding import Heard, Hypothesis, Intent, Understanding
from agi_app.errors import ModelError, PackError
from tests.unit.grammar_kit import NOW, PACK

KINDS = {"customer_complaint": "open", "talent_pool": "yes_no", "pay_again": "expected_pay"}


@pytest.fixture(scope="module")
def understander(tmp_path_factory) -> PackUnderstander:
    """The pack's, with the real embedding where it has been fetched; everything here must hold with it."""
    configured = load_settings()
    return PackUnderstander.load(PACK, KINDS, weights=configured.weights, state=configured.state)


def heard(*texts: str, confidence: float = 1.0, closed: tuple[Hypothesis, ...] = (), weights=()) -> Heard:
    weights = weights or [1.0] * len(texts)
    return Heard(tuple(Hypothesis(text, weight) for text, weight in zip(texts, weights, strict=True)), confidence, closed)


@pytest.fixture(scope="module")
def ask(understander):
    def understand(question, *texts, **options) -> Understanding:
        return understander.understand(heard(*texts, **options), question=question, now=NOW)

    return understand


PAY_12K = {"min": 12000, "max": 12000, "period": "month"}


@pytest.mark.parametrize(
    ("question", "text", "intent"),
    [
        # A nod is a yes only where a yes is due.
        ("consent", "嗯", "agree"),
        ("consent", "好的", "agree"),
        ("expected_pay", "嗯", "backchannel"),
        ("customer_complaint", "好的", "backchannel"),
        (None, "对对", "backchannel"),
        # Negations, double negations, and words that hold a yes or a no.
        ("confirmation", "不是这个数", "deny"),
        ("expected_pay", "这个不太方便说", "deny"),
        ("consent", "不方便说话", "busy"),
        ("expected_pay", "两万五以上，低了不考虑", "provide"),
        ("pitch", "不是不行", "agree"),
        ("pitch", "没什么不可以的", "agree"),
        ("consent", "没有问题", "agree"),
        ("closing", "没有问题", "deny"),
        ("closing", "没问题", "deny"),
        ("closing", "不用了谢谢", "deny"),
        ("pitch", "不用了谢谢", "not_interested"),
        ("consent", "不方便", "busy"),
        ("consent", "不方便录音", "deny"),
        ("pitch", "不感兴趣", "not_interested"),
        ("pitch", "没有不感兴趣", "agree"),
        ("pitch", "没有，我挺感兴趣的", "agree"),
        ("talent_pool", "不用了", "deny"),
        ("years_experience", "没有", "provide"),
        ("certificate", "没有", "deny"),
        # Quoted in a story, or meant.
        ("customer_complaint", "客户让我以后别再给他打电话，我就隔了一个月发短信问候他", "provide"),
        ("customer_complaint", "别再给我打电话了", "stop_calling"),
        ("customer_complaint", "没有遇到过", "deny"),
        # Who, when and whether at all.
        ("greeting", "你打错了", "wrong_person"),
        ("greeting", "不是，你打错了", "wrong_person"),
        ("pitch", "我已经找到工作了", "already_employed"),
        ("pitch", "我在开会", "busy"),
        ("greeting", "喂你好", "greet"),
        ("closing", "好的，再见", "bye"),
        ("expected_pay", "这个不好说", "hesitate"),
        ("expected_pay", "面议", "provide"),
        ("expected_pay", "你再说一遍", "ask_repeat"),
        ("closing", "加班多吗", "ask_overtime"),
        ("closing", "五险一金怎么交", "ask_social_insurance"),
        ("closing", "没有五险吗", "ask_social_insurance"),
        ("closing", "有，试用期多长", "ask_probation"),
        ("start_date", "", "other"),
        ("start_date", "😀😀", "other"),
        ("expected_pay", "妈我的拖鞋呢", "other"),
    ],
)
def test_what_is_meant(ask, question, text, intent):
    assert ask(question, text).intent == intent


@pytest.mark.parametrize(
    ("question", "text", "intents", "slots"),
    [
        ("expected_pay", "一万二左右，请问加班多吗", ("provide", "ask_overtime"), {"expected_pay": PAY_12K}),
        ("pitch", "可以了解，工资多少", ("agree", "ask_pay"), {}),
        ("pitch", "我在开会，下午三点再打给我", ("callback", "busy"), {"callback_time": {"at": "2026-03-11T15:00:00+08:00"}}),
        ("closing", "没有了，谢谢，再见", ("deny", "bye", "thank"), {}),
        ("closing", "社保怎么交，还有年假几天", ("ask_social_insurance", "ask_benefits"), {}),
        (None, "我有三年经验，期望一万二", ("provide",), {"years_experience": {"years": 3}, "expected_pay": PAY_12K}),
        ("degree", "本科，学的市场营销", ("provide",), {"degree": "bachelor", "major": "市场营销"}),
        ("start_date", "我还在上班，一个月以后", ("provide",), {"start_date": {"in_days": 30}}),
        ("yes_no", "能接受", ("agree",), {"yes_no": True}),
        ("yes_no", "不能", ("deny",), {"yes_no": False}),
        ("confirmation", "不对，是一万二", ("provide", "deny"), {"expected_pay": PAY_12K}),
        ("pitch", "我下周就去别家报到了，已经找到工作了", ("already_employed",), {}),
    ],
)
def test_several_things_in_one_utterance(ask, question, text, intents, slots):
    understood = ask(question, text)
    assert set(understood.intents) >= set(intents)
    assert understood.intent == intents[0]
    assert understood.slots == slots


def test_protected_attributes_fill_no_slot(ask):
    understood = ask("expected_pay", "我结婚了有两个孩子，是回族的，想要一万二")
    assert understood.slots == {"expected_pay": PAY_12K}


def test_current_pay_is_not_the_wish(ask):
    assert ask("expected_pay", "我现在一个月八千").slots == {}
    assert ask("expected_pay", "之前拿八千，现在想要一万二").slots == {"expected_pay": PAY_12K}


def test_a_script_says_what_its_questions_await(ask):
    assert ask("pay_again", "一万二").slots == {"expected_pay": PAY_12K}
    assert ask("talent_pool", "嗯").intent is Intent.AGREE
    assert ask("some_other_question", "嗯").intent is Intent.BACKCHANNEL


class TestDoubt:
    def test_clear_words_need_no_confirmation(self, ask):
        assert not ask("expected_pay", "一万二").needs_confirmation

    def test_a_recogniser_in_doubt_does(self, ask):
        assert ask("expected_pay", "一万二", confidence=0.3).needs_confirmation

    def test_words_that_only_sound_alike_do(self, ask):
        understood = ask("city", "我在福周")
        assert understood.slots == {"city": "福州"}
        assert ask("start_date", "三五天酒行").slots == {"start_date": {"in_days": 5}}
        assert ask("expected_pay", "想要九天").needs_confirmation

    def test_hypotheses_with_different_values_do(self, ask):
        understood = ask("expected_pay", "一万二", "一万五", weights=(1.0, 0.8))
        assert understood.slots == {"expected_pay": PAY_12K}
        assert understood.needs_confirmation

    @pytest.mark.parametrize(
        ("text", "period"), [("二十万", "month"), ("十万", "month"), ("月薪十二万", "month"), ("年薪二十万", "year")]
    )
    def test_a_large_amount_without_a_period_is_for_the_month_and_confirmed(self, ask, text, period):
        meaning = ask("expected_pay", text)
        assert meaning.slots["expected_pay"]["period"] == period
        assert meaning.needs_confirmation is (period == "month")

    def test_an_unlikely_hypothesis_does_not_matter(self, ask):
        assert not ask("expected_pay", "一万二", "一万五", weights=(1.0, 0.1)).needs_confirmation

    def test_a_torn_number_does(self, ask):
        assert ask("expected_pay", "一万六五百").needs_confirmation

    def test_a_later_hypothesis_helps_out(self, ask):
        understood = ask("expected_pay", "一本儿吧", "一万二吧", weights=(1.0, 0.7))
        assert understood.slots == {"expected_pay": PAY_12K}
        assert understood.needs_confirmation


class TestBySound:
    """Short answers scored against the sound, which free recognition loses."""

    def closed(self, *phrases: tuple[str, float]) -> tuple[Hypothesis, ...]:
        return tuple(Hypothesis(text, weight) for text, weight in phrases)

    def test_they_count_when_nothing_was_heard(self, ask):
        understood = ask("consent", closed=self.closed(("是的", 1.0), ("不行", 0.1)))
        assert (understood.intent, understood.text) == (Intent.AGREE, "是的")
        assert not understood.needs_confirmation

    def test_they_count_when_the_free_reading_makes_no_sense(self, ask):
        assert ask("consent", "许得", confidence=0.3, closed=self.closed(("是的", 1.0), ("可以", 0.7))).intent is Intent.AGREE

    def test_a_rival_of_another_meaning_needs_confirmation(self, ask):
        assert ask("consent", closed=self.closed(("可以", 1.0), ("不行", 0.8))).needs_confirmation

    def test_they_do_not_overrule_clear_words(self, ask):
        assert ask("consent", "不同意录音", closed=self.closed(("可以", 1.0))).intent is Intent.DENY


@pytest.mark.parametrize(
    ("question", "text", "complete"),
    [
        ("expected_pay", "我期望的薪资是", False),
        ("expected_pay", "一万到", False),
        ("expected_pay", "嗯", False),
        ("expected_pay", "因为", False),
        ("customer_complaint", "当时客户很生气然后", False),
        ("start_date", "下周", False),
        ("expected_pay", "一万二", True),
        ("start_date", "下周一", True),
        ("start_date", "下周吧", True),
        ("consent", "嗯", True),
        ("closing", "没有了", True),
        ("customer_complaint", "最后客户很满意", True),
    ],
)
def test_words_that_stop_in_the_middle(ask, question, text, complete):
    assert ask(question, text).complete is complete


def test_the_recogniser_learns_what_to_expect(understander):
    assert "税后" in understander.vocabulary("expected_pay")
    assert all(len(understander.vocabulary(question)) <= 60 for question in ("consent", "city", "start_date", None))
    assert "随时" in understander.vocabulary("start_date")
    assert "是的" in understander.closed_answers("talent_pool")
    assert "随时" in understander.closed_answers("start_date")
    assert understander.closed_answers("customer_complaint") == ()
    assert all(len(understander.closed_answers(question)) <= 12 for question in ("greeting", "consent", "pitch", "closing"))
    for question in ("greeting", "consent", "pitch", "closing", "start_date", "degree"):
        for phrase in understander.closed_answers(question):
            assert understander.understand(heard(phrase), question=question, now=NOW).intent is not Intent.OTHER, phrase


def test_the_same_input_gives_the_same_output(ask):
    assert ask("expected_pay", "一万二左右，加班多吗") == ask("expected_pay", "一万二左右，加班多吗")


def test_relative_dates_count_from_the_time_given(understander):
    later = NOW + timedelta(days=7)
    understood = understander.understand(heard("下周一"), question="start_date", now=later)
    assert understood.slots == {"start_date": {"date": "2026-03-23"}}


@pytest.mark.parametrize(
    "text",
    [
        "哈" * 2000,
        "我想一下" * 500,
        "一万二" * 700,
        "嗯" * 2000,
        "😀" * 2000,
        "hello " * 300,
        "\u0000\ud83d",
        "唔该，我想問下呢份工人工有几多",
        "))((",
        "1" * 500,
    ],
)
@pytest.mark.parametrize("question", ["expected_pay", "consent", "customer_complaint", None])
def test_odd_input_is_understood_as_something(ask, question, text):
    understood = ask(question, text)
    assert isinstance(understood.intent, Intent)
    assert 0 <= understood.confidence <= 1
    assert all(math.isfinite(value) for value in [understood.confidence])


@given(
    st.lists(
        st.sampled_from([*"一二三千万到年月日号不有是的好我你吗加班工资半点下周两", "，", "12", "k", "嗯", "不对"]), max_size=14
    )
)
@settings(max_examples=60, deadline=None)
def test_no_jumble_breaks_it(understander, parts):
    for question in ("expected_pay", "callback_time", "consent"):
        understander.understand(heard("".join(parts)), question=question, now=NOW)


def test_a_missing_model_and_a_broken_pack_are_named(tmp_path):
    with pytest.raises(ModelError, match="missing"):
        PackUnderstander.load(PACK, weights=tmp_path, state=tmp_path)
    with pytest.raises(PackError, match="no grammars"):
        PackUnderstander.load(tmp_path, weights=tmp_path, state=tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("intent ask_money = 多少钱;", "no intent 'ask_money'"),
        ("answer salary = 一万;", "no slot 'salary'"),
        ("intent = 一;", "exactly one name"),
    ],
)
def test_a_grammar_that_fills_nothing_known_is_refused(tmp_path, line, says):
    folder = tmp_path / "pack" / "grammars"
    folder.mkdir(parents=True)
    (folder / "confusions.yaml").write_bytes((PACK / "grammars" / "confusions.yaml").read_bytes())
    (folder / "a.gram").write_text(line, encoding="utf-8")
    intents = tmp_path / "pack" / "intents"
    intents.symlink_to(PACK / "intents")
    configured = load_settings()
    with pytest.raises(PackError, match=says) as caught:
        PackUnderstander.load(tmp_path / "pack", weights=configured.weights, state=configured.state)
    assert "a.gram:1:1" in str(caught.value.where)


@pytest.mark.parametrize(
    "text", ["嗯", "是的", "好的好的", "对对对", "哦这样啊", "知道了", "明白明白", "嗯嗯，好", "是吗", "OK", "恩", "懂了"]
)
def test_what_is_said_while_listening_takes_no_turn(understander, text):
    assert understander.is_backchannel(text)


@pytest.mark.parametrize(
    "text", ["", "。", "不对", "没有", "等一下", "然后呢", "好，工资多少", "一万二", "可以不去吗", "我是", "哎你说啥"]
)
def test_what_wants_to_be_heard_is_no_backchannel(understander, text):
    assert not understander.is_backchannel(text)


@pytest.mark.parametrize(
    ("question", "text", "hold"),
    [
        ("expected_pay", "等一下", True),
        ("expected_pay", "请稍等", True),
        ("consent", "你等我一下，我出去接", True),
        ("pitch", "稍等一下我接个电话", True),
        ("start_date", "别挂，我关个门", True),
        ("start_date", "我拿个笔", True),
        ("pitch", "等下哈", True),
        ("expected_pay", "烧等一下", True),
        ("consent", "等一下，工资是多少", False),
        ("greeting", "喂，你稍等，我在开车", False),
        ("consent", "等会儿打过来吧", False),
        ("consent", "等会再打吧", False),
        ("pitch", "等会儿，你先告诉我你谁啊", False),
        ("start_date", "等一个月", False),
        ("consent", "等下班再说", False),
        ("customer_complaint", "有一次客户让我等一下，结果等了两个小时，后来我主动打电话过去道歉，客户就原谅我们了", False),
    ],
)
def test_who_asks_to_wait(ask, question, text, hold):
    assert ask(question, text).hold is hold


def amount(low: int, high: int | None = None) -> dict[str, object]:
    return {"min": low, "max": high or low, "period": "month"}


class TestAmountsBySound:
    """An amount that was scored against the sound beside the one that was recognised."""

    def test_two_that_agree_are_certain(self, ask):
        alone = ask("expected_pay", "一晚二", confidence=0.4)
        assert alone.needs_confirmation
        both = ask("expected_pay", "一晚二", confidence=0.4, closed=(Hypothesis("一万二"),))
        assert both.slots["expected_pay"] == amount(12000)
        assert not both.needs_confirmation

    def test_where_nothing_was_recognised_the_sound_decides_and_is_confirmed(self, ask):
        meaning = ask("expected_pay", "以外作人", confidence=0.7, closed=(Hypothesis("一万二左右"), Hypothesis("一万三左右", 0.3)))
        assert meaning.intent is Intent.PROVIDE
        assert meaning.slots["expected_pay"] == amount(12000)
        assert meaning.needs_confirmation

    def test_of_two_that_do_not_agree_the_likelier_is_confirmed(self, ask):
        meaning = ask("expected_pay", "两万八", confidence=0.75, closed=(Hypothesis("两万吧"),))
        assert meaning.slots["expected_pay"] == amount(20000)
        assert meaning.needs_confirmation
        meaning = ask(
            "expected_pay",
            "一万八",
            confidence=0.75,
            closed=tuple(Hypothesis(text, 0.9) for text in ("一万一", "一万七", "一万二")),
        )
        assert meaning.slots["expected_pay"] == amount(18000)
        assert meaning.needs_confirmation

    def test_a_phrase_cut_short_does_not_outweigh_the_whole(self, ask):
        meaning = ask("expected_pay", "月薪六千五", confidence=0.8, closed=(Hypothesis("月薪六千"),))
        assert meaning.slots["expected_pay"] == amount(6500)
        assert meaning.needs_confirmation

    def test_a_range_is_not_replaced_by_one_of_its_ends(self, ask):
        meaning = ask("expected_pay", "一万二到一万五", confidence=0.8, closed=(Hypothesis("一万五"),))
        assert meaning.slots["expected_pay"] == amount(12000, 15000)
        assert meaning.needs_confirmation

    def test_agreement_does_not_outweigh_a_rival_reading(self, ask):
        meaning = ask("expected_pay", "一万二", "一万五", confidence=0.8, closed=(Hypothesis("一万二"),))
        assert meaning.needs_confirmation

    def test_a_question_is_no_amount(self, ask):
        assert ask("expected_pay", "你们加班多吗", confidence=0.8, closed=(Hypothesis("一万"),)).slots == {}


@pytest.mark.parametrize(
    ("texts", "value"),
    [
        (("一万一万",), amount(10000)),  # written twice by the recogniser
        (("八千到一万。八千到一万", "八千到一万三"), amount(8000, 10000)),
        (("税后一万。", "税后一万五。"), {**amount(10000), "net": True}),  # a longer reading is no better
        (("我想要八千。", "我想要八千五。"), amount(8000)),
        (("年薪八千",), amount(8000)),  # nobody lives on that: 月薪 was misheard
        (("七千五女上",), {"min": 7500, "period": "month"}),
        (("希望一万一万一左右",), amount(11000)),
    ],
)
def test_amounts_as_recognisers_write_them(ask, texts, value):
    assert ask("expected_pay", *texts, confidence=0.9, weights=[0.9**n for n in range(len(texts))]).slots["expected_pay"] == value


@pytest.mark.parametrize("text", ["一万两千米", "八千到九千左右"])
def test_frayed_amounts_and_ranges_are_confirmed(ask, text):
    assert ask("expected_pay", text, confidence=0.88).needs_confirmation
    assert ask("expected_pay", "一万二左右", confidence=0.88).needs_confirmation is False
