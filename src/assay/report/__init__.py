"""The HTML report and its charts: data handed in, one self-contained page out."""

from assay.report.gather import gather as gather
from assay.report.model import Gate as Gate
from assay.report.model import QuarantineReason as QuarantineReason
from assay.report.model import ReportData as ReportData
from assay.report.model import SignalInfo as SignalInfo
from assay.report.model import Subject as Subject
from assay.report.render import render as render
