"""Sample data of an invented company and an invented public institution: for the demo, for development, for tests."""

from hr_sync.sample.loader import Sample, SampleCounts, load_sample, read_sample

__all__ = ["Sample", "SampleCounts", "load_sample", "read_sample"]
