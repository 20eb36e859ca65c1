import pytest

from robustmq_broker.listeners.websocket.deflate import Deflate
from robustmq_broker.listeners.websocket.frames import FLUSHED


@pytest.mark.parametrize("keep", [True, False])
def test_frames_inflate_again(keep: bool) -> None:
    deflate = Deflate(keep_client_context=keep, keep_server_context=keep, server_window=9)
    inflater = deflate.inflater()
    sizes = []
    for _ in range(3):
        frame = deflate.frame(b"hello, hello, hello")
        assert frame[0] == 0xC2
        sizes.append(len(frame))
        if not keep:
            inflater = deflate.inflater()
        assert inflater.decompress(frame[2:] + FLUSHED) == b"hello, hello, hello"
    assert (sizes[1] < sizes[0]) is keep
