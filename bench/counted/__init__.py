"""Counted benchmarks: figures that are the same on a busy machine and on an idle one."""
