"""A plugin's hooks are called once each, and every way to get one wrong has its sentence."""

from types import ModuleType
from typing import Any

import pytest

from plugin_folder import HOOKIMPL, PACK, hook
from robustmq_common.plugins.contributions import contributions, describe
from robustmq_common.plugins.hookspecs import hookimpl
from robustmq_common.plugins.kinds import Fault


def module(source: str) -> Any:
    """A plugin module with this source."""
    made = ModuleType("sample_module")
    exec(compile(source, "sample.py", "exec"), made.__dict__)
    return made


def fault(plugin: object) -> str:
    with pytest.raises(Fault) as caught:
        contributions(plugin, "sample")
    return str(caught.value)


def test_each_hook_is_called_once() -> None:
    plugin = module(
        PACK.format(name="chat")
        + "CALLS = []\n"
        + hook("robustmq_default_listeners", "CALLS.append(1); return {'a': {}}")
    )
    assert contributions(plugin, "sample") == {
        "robustmq_protocol_packs": [("chat", plugin.Pack)],
        "robustmq_default_listeners": [("a", {})],
    }
    assert plugin.CALLS == [1]


def test_a_plugin_can_be_an_instance() -> None:
    class Door:
        @hookimpl
        def robustmq_default_listeners(self) -> dict[str, dict[str, Any]]:
            return {"a": {}}

    assert contributions(Door(), "door") == {"robustmq_default_listeners": [("a", {})]}
    assert fault(Door) == "is a class: its entry point has to name a module or an instance"


def test_one_plugin_may_implement_a_hook_twice() -> None:
    source = hook("robustmq_default_listeners", "return {'a': {}}")
    source += '@hookimpl(specname="robustmq_default_listeners")\ndef more(): return {"b": {}}\n'
    (items,) = contributions(module(source), "sample").values()
    assert sorted(items) == [("a", {}), ("b", {})]


def test_an_optional_hook_may_be_unknown() -> None:
    source = f"{HOOKIMPL}@hookimpl(optionalhook=True)\ndef robustmq_of_tomorrow(): return []\n"
    assert contributions(module(source), "sample") == {}


def test_an_argument_with_a_default_is_no_argument() -> None:
    source = hook("robustmq_default_listeners", "return {name: {}}", "name='a'")
    assert contributions(module(source), "sample") == {"robustmq_default_listeners": [("a", {})]}


@pytest.mark.parametrize(
    ("source", "clause"),
    [
        (
            hook("robustmq_protocol_pack", "return []"),
            (
                "implements the hook robustmq_protocol_pack, which does not exist (did you mean "
                "robustmq_protocol_packs?)"
            ),
        ),
        (
            hook("on_message", "return []"),
            "implements the hook on_message, which does not exist",
        ),
        (
            hook("robustmq_protocol_packs", "return []", "config, services"),
            (
                "implements robustmq_protocol_packs with the arguments (config, services), but "
                "hooks get none"
            ),
        ),
        (
            "def robustmq_protocol_packs(): return []",
            "implements no hook: is @hookimpl missing from its functions?",
        ),
        (
            hook("robustmq_protocol_packs", "raise KeyError('gone')"),
            "failed in its hook robustmq_protocol_packs: KeyError: 'gone' (sample.py:5)",
        ),
        (
            hook("robustmq_protocol_packs", "raise SystemExit"),
            "failed in its hook robustmq_protocol_packs: SystemExit (sample.py:5)",
        ),
        (
            hook("robustmq_protocol_packs", "return 'mqtt'"),
            "returned a value of type str from robustmq_protocol_packs, which needs a list",
        ),
        (
            hook("robustmq_protocol_packs", "yield []"),
            "returned a value of type generator from robustmq_protocol_packs, which needs a list",
        ),
    ],
)
def test_one_clause_says_what_is_wrong(source: str, clause: str) -> None:
    assert fault(module(source)) == clause


def test_what_pluggy_itself_refuses_is_one_line_too() -> None:
    source = f"{HOOKIMPL}@hookimpl(wrapper=True)\ndef robustmq_protocol_packs(): return []\n"
    clause = fault(module(source))
    assert clause.startswith("implements a hook wrongly: ")
    assert "\n" not in clause


def test_an_error_is_described_on_one_line_with_its_place() -> None:
    source = "def fail():\n    raise ValueError('two\\n  lines')\n"
    with pytest.raises(ValueError, match="two") as caught:
        module(source).fail()
    assert describe(caught.value) == "ValueError: two lines (sample.py:2)"
    assert describe(ValueError()) == "ValueError"
