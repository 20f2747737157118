"""Rows of the images: what each picture shows."""

from sqlmodel import Field, SQLModel


class ImageRow(SQLModel, table=True):
    """What the picture of a captured redemption shows; written in the capture's own commit."""

    __tablename__ = "image"
    __table_args__ = {"sqlite_with_rowid": False}
    redemption_id: str = Field(primary_key=True, foreign_key="redemption.id")
    #: "name" or "prompt"
    subject_kind: str
    subject_text: str
