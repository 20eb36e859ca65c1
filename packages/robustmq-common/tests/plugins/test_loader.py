"""Plugins come in one by one; a faulty one leaves a sentence and nothing else."""

from pathlib import Path

import pytest

from plugin_folder import PACK, hook, write_plugin
from robustmq_common.plugins.discovery import installed_plugins
from robustmq_common.plugins.loader import Loader

ADAPTER = """
from robustmq_common.spi.storage import StorageAdapter

class Adapter(StorageAdapter):
    name = "same"
    open = close = commit = read = bounds = offset_at = print
    get = scan = shards = sweep = wait_for_change = print
    sync = usage = check = compact = snapshot = print
"""

WHO = 'plugin "sample" (robot-sample 1.0)'
REMEDY = "; repair or uninstall robot-sample, or list 'sample' in plugins.disabled"


def load_all(reserved_sections: tuple[str, ...] = ()) -> Loader:
    loader = Loader(reserved_sections)
    for plugin in installed_plugins():
        loader.load(plugin)
    return loader


def sentences(loader: Loader) -> list[str]:
    return [sentence for _, sentence in loader.faults]


@pytest.mark.parametrize(
    ("source", "clause"),
    [
        (
            "import no_such_module",
            "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module' (MODULE:1)",
        ),
        ("def f(:", "cannot be loaded: SyntaxError: invalid syntax (m_sample.py, line 1)"),
        ("raise SystemExit(0)", "cannot be loaded: SystemExit: 0 (MODULE:1)"),
        ("", "implements no hook: is @hookimpl missing from its functions?"),
        (
            PACK.format(name="a").replace("[Pack]", "[Pack, Pack]"),
            "registers the protocol pack 'a' twice",
        ),
    ],
)
def test_one_sentence_names_the_plugin_and_what_to_do(
    folder: Path, source: str, clause: str
) -> None:
    write_plugin(folder, "robot-sample", {"sample": "m_sample"}, {"m_sample": source})
    loader = load_all()
    clause = clause.replace("MODULE", str(folder / "m_sample.py"))
    assert sentences(loader) == [f"{WHO} {clause}{REMEDY}"]
    assert loader.loaded == []


def test_an_entry_point_that_leads_nowhere(folder: Path) -> None:
    write_plugin(folder, "robot-sample", {"sample": "m_nowhere"})
    loader = load_all()
    clause = "cannot be loaded: ModuleNotFoundError: No module named 'm_nowhere'"
    assert sentences(loader) == [f"{WHO} {clause}{REMEDY}"]
    assert isinstance(loader.cause, ModuleNotFoundError)


def test_an_entry_point_to_an_object_that_is_not_there(folder: Path) -> None:
    write_plugin(folder, "robot-sample", {"sample": "m_sample:door"}, {"m_sample": ""})
    clause = "cannot be loaded: AttributeError: module 'm_sample' has no attribute 'door'"
    assert sentences(load_all()) == [f"{WHO} {clause}{REMEDY}"]


def test_a_second_plugin_of_the_same_name(folder: Path) -> None:
    for name in ("one", "two"):
        module = f"m_{name}"
        write_plugin(folder, f"robot-{name}", {"x": module}, {module: PACK.format(name=name)})
    loader = load_all()
    assert sentences(loader) == [
        (
            'plugin "x" (robot-two 1.0) has the same name as plugin "x" (robot-one 1.0); '
            "uninstall robot-two or robot-one"
        )
    ]
    assert [info.distribution for info, _ in loader.loaded] == ["robot-one"]


@pytest.mark.parametrize(
    ("noun", "source"),
    [
        ("protocol pack", PACK.format(name="same")),
        ("storage adapter", ADAPTER + hook("robustmq_storage_adapters", "return [Adapter]")),
        (
            "configuration section",
            "from robustmq_common.config.model import Section\n"
            + hook("robustmq_config_sections", "return {'same': Section}"),
        ),
        ("default listener", hook("robustmq_default_listeners", "return {'same': {}}")),
        (
            "authenticator",
            "class A:\n    name = 'same'\n    authenticate = print\n"
            + hook("robustmq_authenticators", "return [A]"),
        ),
        (
            "authentication method",
            "class A:\n    method = 'same'\n    begin = print\n"
            + hook("robustmq_enhanced_authenticators", "return [A]"),
        ),
        (
            "authorizer",
            "class A:\n    name = 'same'\n    authorize = print\n"
            + hook("robustmq_authorizers", "return [A]"),
        ),
    ],
)
def test_two_plugins_with_the_same_name_of_a_kind(folder: Path, noun: str, source: str) -> None:
    for name in ("one", "two"):
        write_plugin(folder, f"robot-{name}", {name: f"m_{name}"}, {f"m_{name}": source})
    assert sentences(load_all()) == [
        (
            f"plugin \"two\" (robot-two 1.0) registers the {noun} 'same', which "
            'plugin "one" (robot-one 1.0) has registered; '
            "list 'two' or 'one' in plugins.disabled, or uninstall one"
        )
    ]


def test_event_listeners_have_no_names_that_could_clash(folder: Path) -> None:
    source = "from robustmq_common.spi.events import EventListener\n" + hook(
        "robustmq_event_listeners", "return [EventListener(), EventListener()]"
    )
    for name in ("one", "two"):
        write_plugin(folder, f"robot-{name}", {name: f"m_{name}"}, {f"m_{name}": source})
    assert sentences(load_all()) == []


def test_a_section_of_robustmq_itself_is_taken(folder: Path) -> None:
    source = "from robustmq_common.config.model import Section\n" + hook(
        "robustmq_config_sections", "return {'storage': Section}"
    )
    write_plugin(folder, "robot-sample", {"sample": "m_sample"}, {"m_sample": source})
    assert sentences(load_all(reserved_sections=("storage",))) == [
        f"{WHO} registers the configuration section 'storage', which is RobustMQ's own{REMEDY}"
    ]


def test_the_names_of_a_plugin_left_out_are_free(folder: Path) -> None:
    broken = PACK.format(name="chat") + hook("robustmq_default_listeners", "return {'not ok': {}}")
    write_plugin(folder, "robot-a", {"a": "m_a"}, {"m_a": broken})
    write_plugin(folder, "robot-b", {"b": "m_b"}, {"m_b": PACK.format(name="chat")})
    loader = load_all()
    assert [info.name for info, _ in loader.faults] == ["a"]
    assert [info.name for info, _ in loader.loaded] == ["b"]
