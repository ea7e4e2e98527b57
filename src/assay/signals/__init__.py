"""Importing this package registers every built-in signal."""

from assay.signals import agents as agents
from assay.signals import answers as answers
from assay.signals import characters as characters
from assay.signals import conflicts as conflicts
from assay.signals import duplicates as duplicates
from assay.signals import episodes as episodes
from assay.signals import fields as fields
from assay.signals import labels as labels
from assay.signals import language as language
from assay.signals import media as media
from assay.signals import preferences as preferences
from assay.signals import published as published
from assay.signals import reasoning as reasoning
from assay.signals import sensors as sensors
from assay.signals import text as text
from assay.signals import times as times
from assay.signals import truncation as truncation
from assay.signals.base import ALL as ALL
from assay.signals.base import DIMENSIONS as DIMENSIONS
from assay.signals.base import SIGNALS as SIGNALS
from assay.signals.base import Signal as Signal
from assay.signals.base import default_signals as default_signals
from assay.signals.base import dimension_coverage as dimension_coverage
from assay.signals.base import known_columns as known_columns
from assay.signals.base import measure_rows as measure_rows
from assay.signals.base import signals_for as signals_for
