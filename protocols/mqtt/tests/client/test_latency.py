from robustmq_mqtt.client.latency import Latency


def test_every_latency_is_recorded_with_its_number() -> None:
    latency = Latency()
    for since, until in [(10, 30), (10, 30), (10, 40), (20, 40), (20, 40)]:
        latency.add(since, until)
    latency.flush()
    assert (latency.histogram.count, latency.histogram.total) == (5, 20 + 20 + 30 + 20 + 20)


def test_taking_starts_over() -> None:
    latency = Latency()
    latency.add(1, 2)
    assert latency.take().count == 1
    assert latency.take().count == 0
    latency.add(1, 2)
    assert latency.take().total == 1
