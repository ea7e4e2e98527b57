"""Releases: a frozen selection as files with a manifest and a card, and the proof that they are unchanged."""

from assay.release.files import Sharding as Sharding
from assay.release.freeze import DEFAULT_FORMATS as DEFAULT_FORMATS
from assay.release.freeze import DEFAULT_SHARDING as DEFAULT_SHARDING
from assay.release.freeze import FORMATS as FORMATS
from assay.release.freeze import Frozen as Frozen
from assay.release.freeze import Part as Part
from assay.release.freeze import freeze as freeze
from assay.release.manifest import GateFact as GateFact
from assay.release.manifest import Manifest as Manifest
from assay.release.manifest import RuleFact as RuleFact
from assay.release.manifest import RulesetFact as RulesetFact
from assay.release.manifest import SignalFact as SignalFact
from assay.release.verify import Problem as Problem
from assay.release.verify import VerifyResult as VerifyResult
from assay.release.verify import verify as verify
