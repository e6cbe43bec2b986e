"""The assessor: is a take good enough? One check per file, and a verdict that never passes what was not measured."""

from orchestrator.assessor.expectation import Expectation as Expectation
from orchestrator.assessor.expectation import Neighbour as Neighbour
from orchestrator.assessor.expectation import Side as Side
from orchestrator.assessor.take import DEFAULT_POLICY as DEFAULT_POLICY
from orchestrator.assessor.take import assess_take as assess_take
from orchestrator.schema.policy import AssessmentPolicy as AssessmentPolicy
