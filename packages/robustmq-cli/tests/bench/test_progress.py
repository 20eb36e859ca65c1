from robustmq_cli.bench.progress import Progress, memory


def test_processes_see_each_other() -> None:
    with memory(2, 3) as descriptor:
        first = Progress(descriptor, 2, 3, 0)
        second = Progress(descriptor, 2, 3, 1)
        first.put(2, 10)
        second.put(2, 1 << 40)
        second.put(0, 5)
        assert [first.total(publisher) for publisher in range(3)] == [5, 0, 10 + (1 << 40)]
        first.put(2, 11)
        assert second.total(2) == 11 + (1 << 40)


def test_without_publishers_there_is_nothing_to_see() -> None:
    with memory(1, 0) as descriptor:
        Progress(descriptor, 1, 0, 0)
