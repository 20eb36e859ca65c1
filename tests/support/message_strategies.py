"""What a publisher may put into a message, for tests with generated ones."""

from hypothesis import strategies as st

from robustmq_mqtt.codec.properties import Properties

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TOPIC = TEXT.filter(lambda text: text and not set(text) & set("+#"))


@st.composite
def properties(draw: st.DrawFn) -> Properties | None:
    if draw(st.booleans()):
        return None
    made = Properties()
    made.payload_format_indicator = draw(st.sampled_from([None, 0, 1]))
    made.content_type = draw(st.none() | TEXT)
    made.response_topic = draw(st.none() | TOPIC)
    made.correlation_data = draw(st.none() | st.binary(max_size=10))
    pairs = draw(st.lists(st.tuples(TEXT, TEXT), max_size=3))
    made.user_properties = pairs or None
    return made
