"""The assessor: is a take good enough? One check per file, and a verdict that never passes what was not measured."""

from orchestrator.assessor.expectation import Expectation as Expectation
from orchestrator.assessor.policy import AssessmentPolicy as AssessmentPolicy
from orchestrator.assessor.take import assess_take as assess_take
