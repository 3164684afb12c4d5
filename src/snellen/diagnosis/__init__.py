"""From verdicts to ranked causes, each with its account and its remedies."""

from snellen.diagnosis.diagnose import REPORTED as REPORTED
from snellen.diagnosis.diagnose import cases as cases
from snellen.diagnosis.diagnose import diagnose as diagnose
from snellen.diagnosis.diagnose import least_belief as least_belief
from snellen.diagnosis.diagnose import ranked as ranked
from snellen.diagnosis.diagnose import suspects as suspects
from snellen.diagnosis.diagnosis import Band as Band
from snellen.diagnosis.diagnosis import Candidate as Candidate
from snellen.diagnosis.diagnosis import Diagnosis as Diagnosis
from snellen.diagnosis.diagnosis import Tie as Tie
