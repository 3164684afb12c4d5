"""Statistics of maps, weights and labels: numbers that merge, in O(channels)."""

from snellen.stats.map_summary import MapSummary as MapSummary
from snellen.stats.position_sums import InputDependence as InputDependence
from snellen.stats.position_sums import PositionSums as PositionSums
from snellen.stats.predictions import Predictions as Predictions
from snellen.stats.rails import RAILS as RAILS
from snellen.stats.rails import Rails as Rails
from snellen.stats.rails import rails as rails
from snellen.stats.similarity import Similarity as Similarity
from snellen.stats.similarity import map_correlation as map_correlation
from snellen.stats.similarity import unbiased_linear_cka as unbiased_linear_cka
from snellen.stats.statistic import Statistic as Statistic
from snellen.stats.targets import TargetKind as TargetKind
from snellen.stats.targets import Targets as Targets
from snellen.stats.weights import WeightState as WeightState
from snellen.stats.weights import WeightUpdate as WeightUpdate
from snellen.stats.weights import preactivation_drift as preactivation_drift
