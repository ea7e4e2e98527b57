"""Model endpoints: one protocol, one client, and what their answers cost. Keys are never written anywhere."""

from assay.providers.base import Completion as Completion
from assay.providers.base import EndpointError as EndpointError
from assay.providers.base import Message as Message
from assay.providers.base import Price as Price
from assay.providers.base import Provider as Provider
from assay.providers.base import Usage as Usage
from assay.providers.openai import Endpoint as Endpoint
from assay.providers.rubric import Rubric as Rubric
from assay.providers.rubric import load_rubric as load_rubric
