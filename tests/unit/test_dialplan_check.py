"""What `hireline dialplan check` finds by reading alone, each with its file and line."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from agi_app.config import Settings
from agi_app.telephony.dialplan.check import Known, check_dialplan
from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.plan import Dialplan
from agi_app.telephony.dialplan.source import SourceFile
from agi_app.telephony.fastagi import ROUTES
from agi_app.telephony.server.dialplan_files import check_files

APPLICATIONS = {
    **dict.fromkeys(("goto", "gotoif", "hangup", "noop", "wait", "answer", "set", "progress"), "builtin"),
    **dict.fromkeys(("gosub", "gosubif", "return"), "app_stack"),
    "agi": "res_agi",
    "dial": "app_dial",
    "voicemail": "app_voicemail",
}
KNOWN = Known(APPLICATIONS, {"app_stack", "res_agi", "app_dial"}, {"caller"}, ("from-trunk",))


def examine(text: str, **files: str) -> tuple[Dialplan, list[Finding]]:
    """Check a dialplan; other files by name, with _ for a dot."""
    sources = {name.replace("_", "."): content for name, content in files.items()}

    def read(name: str) -> Sequence[SourceFile]:
        if name == "*.conf":
            return [SourceFile(each, sources[each]) for each in sorted(sources)]
        return [SourceFile(name, sources[name])] if name in sources else []

    return check_dialplan(SourceFile("main.conf", text), read, KNOWN)


def found(text: str, **files: str) -> list[tuple[str, int, str]]:
    return [(item.file, item.line, item.code) for item in examine(text, **files)[1]]


def test_everything_asterisk_allows_passes() -> None:
    text = """
; a comment
;-- a longer one
[not-a-context]
exten => broken
--;
[general]
static=yes
[globals]
TRUNK = carrier
[base](!)
exten => h,1,Hangup()
[main](base)
exten => _[+0-9]!,1,NoOp(a\\;b) ; after it
 same => n,GotoIf($["${A}" = "x,y"]?other,s,1:done)
 same=>n(again),Set(X=${IF($[${N}>1]?a:b)})
 same => n,Gosub(sub,s,1(${EXTEN},b))
 same => n,GotoIf($[${X} > 3]?again)
 same => n+5,Hangup
 same => n(done),Goto(${EXTEN},again)
exten => 100/200,1,NoOp()
exten => 100,hint,PJSIP/alice
exten => s,1,Goto(_[+0-9]!,1)
include => other
include => ${DYNAMIC}
[other]
exten = s,1,Goto(main,2000,1)
exten = s,2,NoOp(unreachable, unless somebody jumps here)
exten = t,1,Goto(s,2)
[sub]
exten => s,1,Return()
[elsewhere]
switch => Realtime/extensions
[to-elsewhere]
exten => s,1,Goto(elsewhere,anything,1)
"""
    plan, findings = examine(text)
    # n+5 leaves a gap before it
    assert [(item.line, item.code) for item in findings] == [(19, "unreachable")]
    assert list(plan.contexts) == ["main", "other", "sub", "elsewhere", "to-elsewhere"]
    steps = plan.contexts["main"].extensions[("_[+0-9]!", "")].priorities
    assert [(step.number, step.label) for step in steps] == [
        (1, None),
        (2, None),
        (3, "again"),
        (4, None),
        (5, None),
        (10, None),
        (11, "done"),
    ]
    assert steps[0].arguments == "a;b"
    assert plan.contexts["main"].extensions[("h", "")].priorities[0].application == "Hangup"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("exten => s,1,Goto(nowhere,s,1)", "missing_context"),
        ("include => nowhere", "missing_context"),
        ("exten => s,1,Goto(main,99,1)", "missing_extension"),
        ("exten => s,1,Goto(7)", "missing_priority"),
        ("exten => s,1,Goto(nolabel)", "missing_priority"),
        ("exten => s,1,GotoIf($[1=1]?main,s,9)", "missing_priority"),
        ("exten => s,1,GotoIf($[1=1]?1:nowhere,s,1)", "missing_context"),
        ("exten => s,1,Gosub(nowhere,s,1(a,b))", "missing_context"),
        ("exten => s,1,GosubIf($[1=1]?sub,s,2(a))", "missing_priority"),
        ("exten => s,1,NoSuchThing()", "unknown_application"),
        ("exten => s,1,VoiceMail(1)", "application_not_loaded"),
        ("exten => s,1,AGI(agi://127.0.0.1:4573/nobody?x=1)", "missing_route"),
        ("exten => s,1,AGI(lookup.py)", "agi_program"),
        ("exten => s,2,NoOp()", "no_first_priority"),
        ("exten => s,n,NoOp()", "next_without_first"),
        ("exten => s", "bad_extension"),
        ("exten => s,x,NoOp()", "bad_priority"),
        ("exten => s,1", "no_application"),
        ("exten => s,1,NoOp(", "open_bracket"),
        ("exten => _1[3,1,NoOp()", "bad_extension"),
        ("exten => _[9-1],1,NoOp()", "bad_pattern"),
        ("same => n,NoOp()", "same_without_exten"),
        ("extn => s,1,NoOp()", "unknown_option"),
        ("this is nothing", "no_assignment"),
        ("[open", "bad_section"),
        ('#include "missing.conf"', "missing_file"),
        ("#include", "include_without_name"),
        ("#exec /bin/date", "exec"),
        ("#nonsense x", "unknown_directive"),
        (";-- never ended", "open_comment"),
    ],
)
def test_one_thing_wrong_is_named_with_its_line(line: str, code: str) -> None:
    assert found(f"[sub]\nexten => s,1,Return()\n[main]\n{line}\n") == [("main.conf", 4, code)]


@pytest.mark.parametrize("ender", ["Hangup(16)", "Goto(main,s,1)", "Return()", "Congestion()", "Busy()"])
def test_what_stands_behind_an_end_is_never_reached(ender: str) -> None:
    text = f"[main]\nexten => s,1,NoOp()\n same => n,{ender}\n same => n,NoOp()\n same => n,NoOp()\n"
    known = Known(None)
    findings = check_dialplan(SourceFile("main.conf", text), lambda _: (), known)[1]
    assert [(item.line, item.code) for item in findings] == [(4, "unreachable")]


def test_congestion_for_a_while_goes_on() -> None:
    text = "[main]\nexten => s,1,Congestion(4)\n same => n,Hangup()\n"
    assert check_dialplan(SourceFile("main.conf", text), lambda _: (), Known(None))[1] == []


def test_labels_and_numbers_somebody_jumps_to_are_reached_wherever_the_jump_stands() -> None:
    text = "[a]\nexten => s,1,Goto(b,5,late)\n[b]\nexten => _X,1,Hangup()\n same => n(late),NoOp()\n"
    assert found(text) == []
    assert found(text.replace("late)\n[b]", "1)\n[b]")) == [("main.conf", 5, "unreachable")]


def test_two_steps_at_one_priority_and_one_label_twice() -> None:
    text = "[main]\nexten => s,1,NoOp()\nexten => s,1,NoOp()\n same => n(a),NoOp()\n same => n(a),NoOp()\n"
    assert found(text) == [("main.conf", 3, "duplicate_priority"), ("main.conf", 5, "duplicate_label")]


def test_contexts_that_include_each_other() -> None:
    text = "[a]\ninclude => b\n[b]\ninclude => c\n[c]\ninclude => a\nexten => s,1,NoOp()\n"
    assert found(text) == [("main.conf", line, "context_cycle") for line in (2, 4, 6)]


def test_a_target_may_stand_in_an_included_context() -> None:
    assert found("[a]\ninclude => b\nexten => s,1,Goto(a,55,1)\n[b]\nexten => _5X,1,NoOp()\n") == []


def test_files_that_include_each_other() -> None:
    text = '#include "one.conf"\n'
    assert found(text, one_conf='#include "two.conf"\n', two_conf='[x]\n#include "one.conf"\n') == [
        ("two.conf", 2, "include_cycle")
    ]


def test_included_files_are_named_and_an_optional_one_may_be_missing() -> None:
    assert found(
        "#include <*.conf>\n#tryinclude nothing.conf\n#include local/globals.conf\n", b_conf="[b]\nexten => s,1,Nope()\n"
    ) == [("b.conf", 2, "unknown_application")]


def test_a_line_before_the_first_context() -> None:
    assert found("exten => s,1,NoOp()\n") == [("main.conf", 1, "outside_section")]


def test_a_template_that_is_not_there() -> None:
    assert found("[a](nothing)\nexten => s,1,NoOp()\n") == [("main.conf", 1, "missing_template")]


def test_a_caller_who_can_reach_a_dial_is_worth_a_warning() -> None:
    text = "[from-trunk]\nexten => s,1,Goto(inner,s,1)\n[inner]\nexten => s,1,Dial(PJSIP/1@carrier)\n[own]\nexten => s,1,Dial(PJSIP/2)\n"
    [finding] = examine(text)[1]
    assert (finding.line, finding.code, finding.severity) == (4, "leads_out", "warning")


def test_the_shipped_dialplan_passes_and_leads_nowhere() -> None:
    plan, findings = check_files(Settings(), None, ROUTES)
    assert findings == []
    assert [item.code for item in check_files(Settings(), None, ())[1]] == ["missing_route"]  # it does ask one of them
    assert {"from-trunk", "inbound", "hand-over", "unavailable", "outbound"} <= set(plan.contexts)
    outbound = plan.contexts["outbound"]
    assert {step.application for extension in outbound.extensions.values() for step in extension.priorities} == {"Return"}
    assert not any("." in name or "!" in name for name, _ in outbound.extensions)  # patterns of fixed length only
