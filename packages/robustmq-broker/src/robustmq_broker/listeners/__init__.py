"""Listeners: every transport gives protocol packs the same byte stream."""
