"""Rules: boolean SQL over one row's fields and signals, with an action, a dimension and a reason."""

from assay.rules.evaluate import DECISIONS as DECISIONS
from assay.rules.evaluate import evaluate as evaluate
from assay.rules.parse import load_ruleset as load_ruleset
from assay.rules.parse import parse_rules as parse_rules
from assay.rules.parse import parse_ruleset as parse_ruleset
from assay.rules.parse import presets as presets
from assay.rules.reason import reason as reason
from assay.rules.rule import Rule as Rule
from assay.rules.rule import Ruleset as Ruleset
from assay.rules.rule import check_names as check_names
from assay.rules.rule import columns_used as columns_used
from assay.rules.scorecard import Score as Score
from assay.rules.scorecard import fired_by_rule as fired_by_rule
from assay.rules.scorecard import record_verdicts as record_verdicts
from assay.rules.scorecard import scorecard as scorecard
from assay.rules.testing import RuleTest as RuleTest
from assay.rules.thresholds import set_condition as set_condition
from assay.rules.thresholds import set_thresholds as set_thresholds
