"""Recipes: YAML -> named steps -> flows, with caching, gates, a lock and JUnit. Importing this registers the steps."""

from assay.recipes import step_contamination as step_contamination
from assay.recipes import step_data as step_data
from assay.recipes import step_decide as step_decide
from assay.recipes import step_dedupe as step_dedupe
from assay.recipes import step_funnel as step_funnel
from assay.recipes import step_outputs as step_outputs
from assay.recipes import step_transform as step_transform
from assay.recipes.recipe import Recipe as Recipe
from assay.recipes.recipe import load_recipe as load_recipe
from assay.recipes.results import PlanResult as PlanResult
from assay.recipes.results import RunResult as RunResult
from assay.recipes.run import plan_recipe as plan_recipe
from assay.recipes.run import run_recipe as run_recipe
from assay.recipes.steps import STEPS as STEPS
from assay.recipes.steps import StepType as StepType
