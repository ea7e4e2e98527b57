"""Changes of text that make a new version. Importing this package registers every built-in transform."""

from assay.transforms import clean as clean
from assay.transforms import contamination as contamination
from assay.transforms import redact as redact
from assay.transforms import repair as repair
from assay.transforms import repeated_spans as repeated_spans
from assay.transforms.base import CHANGE as CHANGE
from assay.transforms.base import CHANGES as CHANGES
from assay.transforms.base import TRANSFORMS as TRANSFORMS
from assay.transforms.base import Edit as Edit
from assay.transforms.base import Transform as Transform
from assay.transforms.base import apply_edits as apply_edits
from assay.transforms.base import text_transform as text_transform
from assay.transforms.base import unchanged as unchanged
