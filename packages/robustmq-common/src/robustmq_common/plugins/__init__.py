"""[A] The door for plugins: `hookimpl` marks what a plugin offers, `registry` takes it in.

A plugin needs only this import:

    from robustmq_common.plugins import hookimpl
"""

from robustmq_common.plugins.hookspecs import hookimpl

__all__ = ["hookimpl"]
