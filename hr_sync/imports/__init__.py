"""Data in: tables of other systems become records, tried first and then written whole or not at all."""

from hr_sync.imports.kinds import Kind
from hr_sync.imports.mapping import Mapping, read_mapping
from hr_sync.imports.plan import ImportPlan, apply_plan, make_plan
from hr_sync.imports.problems import Problem

__all__ = ["ImportPlan", "Kind", "Mapping", "Problem", "apply_plan", "make_plan", "read_mapping"]
