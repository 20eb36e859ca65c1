"""[H] Which topic filters are valid (MQTT, section 4.7)."""


def filter_problem(topic_filter: str, max_levels: int = 65_535) -> str:
    """Why a filter, without the prefix of a shared subscription, is not valid; "" if it is.

    max_levels: as many as fit into the longest filter if not given.
    """
    if not topic_filter:
        return "the topic filter is empty"  # [MQTT-4.7.3-1]
    if topic_filter.count("/") >= max_levels:
        return f"the topic filter has more than {max_levels} levels"
    if "#" in topic_filter:
        # Only as the last character, after a separator or alone [MQTT-4.7.1-1].
        if topic_filter.index("#") != len(topic_filter) - 1:
            return '"#" is not the last character of the filter'
        if len(topic_filter) > 1 and not topic_filter.endswith("/#"):
            return '"#" does not stand alone in its level'
    if "+" in topic_filter:
        for level in topic_filter.split("/"):
            # [MQTT-4.7.1-2]
            if "+" in level and level != "+":
                return '"+" does not stand alone in its level'
    return ""
