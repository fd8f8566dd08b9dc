"""Telephone numbers as people write them."""

import pytest

from hr_sync.phone import PhoneError, PhoneKind, PhoneProblem, parse


@pytest.mark.parametrize(
    ("text", "e164", "kind"),
    [
        ("13800000001", "+8613800000001", PhoneKind.MOBILE),
        (" 138-0000-0001 ", "+8613800000001", PhoneKind.MOBILE),
        ("+86 138 0000 0001", "+8613800000001", PhoneKind.MOBILE),
        ("008613800000001", "+8613800000001", PhoneKind.MOBILE),
        ("8613800000001", "+8613800000001", PhoneKind.MOBILE),
        ("１３８００００００01", "+8613800000001", PhoneKind.MOBILE),
        ("13800000001.0", "+8613800000001", PhoneKind.MOBILE),
        ("手机：13800000001", "+8613800000001", PhoneKind.MOBILE),
        ("19912345678", "+8619912345678", PhoneKind.MOBILE),
        ("17012345678", "+8617012345678", PhoneKind.MOBILE),
        ("0571-88881234", "+8657188881234", PhoneKind.LAND_LINE),
        ("(010) 6655 1234", "+861066551234", PhoneKind.LAND_LINE),
        ("+86 0755 8666 1234", "+8675586661234", PhoneKind.LAND_LINE),
    ],
)
def test_numbers_as_people_write_them(text: str, e164: str, kind: PhoneKind) -> None:
    phone = parse(text)
    assert (phone.e164, phone.kind, phone.region) == (e164, kind, "CN")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", PhoneProblem.EMPTY),
        ("   ", PhoneProblem.EMPTY),
        ("电话：", PhoneProblem.EMPTY),
        ("无", PhoneProblem.NOT_A_NUMBER),
        ("见简历", PhoneProblem.NOT_A_NUMBER),
        ("1" * 5000, PhoneProblem.NOT_A_NUMBER),
        ("1.38E+10", PhoneProblem.ROUNDED),
        ("13800000001/13900000002", PhoneProblem.SEVERAL),
        ("13800000001、0571-88881234", PhoneProblem.SEVERAL),
        ("0571-88881234转801", PhoneProblem.EXTENSION),
        ("0571-88881234 x801", PhoneProblem.EXTENSION),
        ("1380000000", PhoneProblem.TOO_SHORT),
        ("110", PhoneProblem.TOO_SHORT),
        ("138000000012", PhoneProblem.TOO_LONG),
        ("88881234", PhoneProblem.NO_AREA_CODE),
        ("+1 212 555 0123", PhoneProblem.FOREIGN),
        ("+852 9123 4567", PhoneProblem.FOREIGN),
        ("4008123123", PhoneProblem.SERVICE),
        ("12800000001", PhoneProblem.UNASSIGNED),
    ],
)
def test_numbers_that_cannot_be_taken_say_why(text: str, problem: PhoneProblem) -> None:
    with pytest.raises(PhoneError) as refused:
        parse(text)
    assert refused.value.problem is problem
    digits = "".join(filter(str.isdigit, text))
    assert len(digits) < 5 or digits not in str(refused.value)
    assert refused.value.remedy


def test_numbers_of_other_countries_when_they_are_wanted() -> None:
    assert parse("+852 9123 4567", foreign=True).region == "HK"
    assert parse("212 736 5000", "US").kind is PhoneKind.EITHER
    with pytest.raises(PhoneError):
        parse("13800000001", "US")
