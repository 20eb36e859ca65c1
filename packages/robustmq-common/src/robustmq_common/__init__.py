"""[D] What every RobustMQ package shares: errors, the message model, configuration, plugins.

Import the submodules. Importing the package itself settles which form the hot modules run in.
"""

from robustmq_common import implementation

__version__ = "0.1.0"

implementation.choose()
