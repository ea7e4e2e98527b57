"""The page of a deduplication run: what was found, how sure it is, and the pairs that were closest to call."""

from assay.report.dedup.model import Cluster as Cluster
from assay.report.dedup.model import DedupPage as DedupPage
from assay.report.dedup.model import MeasuredPoint as MeasuredPoint
from assay.report.dedup.model import Pair as Pair
from assay.report.dedup.model import Side as Side
from assay.report.dedup.model import SourceRow as SourceRow
from assay.report.dedup.model import TemplateGroup as TemplateGroup
from assay.report.dedup.model import similarity_bins as similarity_bins
from assay.report.dedup.render import render_dedup as render_dedup
