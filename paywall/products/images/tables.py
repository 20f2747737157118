"""Rows of the images: what each picture shows."""

from sqlmodel import Field, SQLModel


class ImageRow(SQLModel, table=True):
    """A picture of a captured redemption; written in the capture's own commit."""

    __tablename__ = "image"
    #: the redemption's delivery
    id: str = Field(primary_key=True)
    redemption_id: str = Field(foreign_key="redemption.id", unique=True)
    #: "name" or "prompt"
    subject_kind: str
    subject_text: str
