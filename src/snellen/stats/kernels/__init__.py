"""The fused reductions: the only code that ever touches a whole map."""

from snellen.stats.kernels.compiled import reason_not_compiled as reason_not_compiled
from snellen.stats.kernels.map_table import COLUMNS as COLUMNS
from snellen.stats.kernels.map_table import COMPILED as COMPILED
from snellen.stats.kernels.map_table import map_table as map_table
from snellen.stats.kernels.plain import map_table_numpy as map_table_numpy
