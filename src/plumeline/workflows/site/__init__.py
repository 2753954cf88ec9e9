"""The page and the document of one assessed site."""

from plumeline.workflows.site.document import SITE_SCHEMA_VERSION, site_document
from plumeline.workflows.site.page import page_name, site_page

__all__ = ["SITE_SCHEMA_VERSION", "page_name", "site_document", "site_page"]
