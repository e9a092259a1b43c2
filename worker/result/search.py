"""What a search by signature finds: signers on file, and signatures on documents."""

from __future__ import annotations

from pydantic import Field

from worker.result.base import Count, ResultModel, Share


class SignerHit(ResultModel):
    """A signer on file whose references are near."""

    id: int = Field(description="Number of the signer.")
    signer: str = Field(description="The name on file.")
    likeness: Share = Field(description="How probable one hand wrote both, were there only this signer.")
    reference: int = Field(description="Number of the nearest reference, from 1.")


class RegionHit(ResultModel):
    """A signature on a document that is near."""

    document_id: int = Field(description="Id of the document.")
    document: str = Field(description="Its key.")
    page: Count = Field(description="The page, from 0.")
    region: Count = Field(description="Index of the region on its page.")
    label: str = Field(description="What the mark looks like.")
    likeness: Share = Field(description="How probable one hand wrote both, were there only this one.")


class SearchResult(ResultModel):
    """What is nearest to a signature. It is for a person to look at: the nearest of many may be nobody."""

    signers: tuple[SignerHit, ...] = Field(description="The likeliest first.")
    regions: tuple[RegionHit, ...] = Field(description="The likeliest first.")
    searched_references: Count = Field(description="References that were looked through.")
    searched_regions: Count = Field(description="Signatures on documents that were looked through.")
    reason: str | None = Field(default=None, description="Why the image cannot be searched with.")
    detail: str | None = Field(default=None, description="The same in words, or where on the image it was.")
