import json
from dataclasses import replace

import pytest

from robustmq_cli.bench.plan import (
    CONN,
    IDLE,
    PUB,
    PUBLISHER,
    ROUNDTRIP,
    SUB,
    SUBSCRIBER,
    Plan,
    PlanError,
    check,
    opened,
)

PAIRS = Plan(ROUNDTRIP, publishers=5, subscribers=5, topic="t/%i", client_id="me")


def test_every_client_is_in_one_process_and_pairs_are_in_the_same() -> None:
    plan = replace(PAIRS, processes=2)
    members = [plan.members(process) for process in range(2)]
    both = members[0] + members[1]
    assert sorted(both) == sorted((role, n) for role in "ps" for n in range(5))
    for process in members:
        numbers = [{n for role, n in process if role == wanted} for wanted in "ps"]
        assert numbers[0] == numbers[1]


def test_pairs_have_topics_of_their_own() -> None:
    assert PAIRS.paired
    assert PAIRS.topic_of(3) == PAIRS.filter_of(SUBSCRIBER, 3) == "t/3"
    assert PAIRS.filter_of(PUBLISHER, 3) == ""


def test_client_identifiers_of_publishers_are_in_both_sides_of_a_pair() -> None:
    plan = replace(PAIRS, topic="t/%c/%n")
    assert plan.topic_of(1) == "t/me-p1/%n"
    assert plan.filter_of(SUBSCRIBER, 1) == "t/me-p1/+"


@pytest.mark.parametrize(
    "plan",
    [replace(PAIRS, subscribers=1), replace(PAIRS, topic="t"), replace(PAIRS, topic="t/%n")],
)
def test_otherwise_everyone_gets_everything(plan: Plan) -> None:
    assert not plan.paired
    assert plan.filter_of(SUBSCRIBER, 0) == opened(plan.topic)


@pytest.mark.parametrize(
    ("template", "topic_filter"),
    [("a/b", "a/b"), ("a/%i/b", "a/+/b"), ("x%i/%c", "+/+"), ("a/n-%n", "a/+"), ("", "")],
)
def test_a_filter_matches_every_topic_of_a_template(template: str, topic_filter: str) -> None:
    assert opened(template) == topic_filter


def test_filters_of_those_who_only_listen() -> None:
    assert Plan(SUB, subscribers=2, topic_filter="a/%i/#").filter_of(SUBSCRIBER, 1) == "a/1/#"
    assert Plan(CONN, idle=2).filter_of(IDLE, 1) == ""


def test_the_window_is_that_of_a_subscriber_shared_by_its_publishers() -> None:
    assert PAIRS.under_way() == 500
    assert replace(PAIRS, publishers=50, subscribers=1).under_way() == 10
    assert replace(PAIRS, publishers=5000, subscribers=1).under_way() == 1
    assert replace(PAIRS, publishers=50, subscribers=1, window=7).under_way() == 7
    assert Plan(PUB, publishers=50, topic="t", qos=1).under_way() == 100


def test_a_plan_goes_through_json() -> None:
    assert Plan(**json.loads(json.dumps(PAIRS.to_json()))) == PAIRS


def test_good_plans_pass() -> None:
    for plan in (PAIRS, Plan(CONN, idle=1), Plan(SUB, subscribers=1, topic_filter="#")):
        check(plan)


@pytest.mark.parametrize(
    ("plan", "option"),
    [
        (Plan(CONN), "--clients"),
        (replace(PAIRS, publishers=70_000), "--clients"),
        (replace(PAIRS, processes=11), "--processes"),
        (replace(PAIRS, topic=""), "--topic"),
        (replace(PAIRS, topic="a/+"), "--topic"),
        (replace(PAIRS, size=15), "--size"),
        (Plan(SUB, subscribers=1), "--topic"),
        (Plan(SUB, subscribers=1, topic_filter="a/%n"), "--topic"),
        (replace(PAIRS, password="x"), "--password"),
    ],
)
def test_a_plan_that_cannot_be_names_the_option(plan: Plan, option: str) -> None:
    with pytest.raises(PlanError) as caught:
        check(plan)
    assert caught.value.option == option


def test_mqtt_5_has_passwords_without_user_names() -> None:
    check(replace(PAIRS, password="x", level=5))
