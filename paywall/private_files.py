"""Files and folders that are for the seller's own user alone, whatever the umask says.

They hold keys, receipts, prompts and pictures: what one machine's other users may read is as good as published.
"""

from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077


def private_folder(path: Path) -> None:
    """Make the folder, and those above it that are missing. One that is there is its operator's, and stays as it is."""
    for step in reversed([step for step in (path, *path.parents) if not step.exists()]):
        step.mkdir(mode=FOLDER_MODE, exist_ok=True)
        step.chmod(FOLDER_MODE)  # the umask may have taken bits, and the next step is made inside


def private_sqlite(path: Path) -> None:
    """The file of a database, before SQLite opens it: its log and index get the mode of the file."""
    private_file(path)
    for ending in ("-wal", "-shm"):  # what an older version left
        beside = path.with_name(path.name + ending)
        if beside.exists():
            private_file(beside)


def private_file(path: Path) -> None:
    """Make the file when it is missing, empty; take it from others when they could read it."""
    if not path.exists():
        path.touch(mode=FILE_MODE)
        path.chmod(FILE_MODE)
    elif path.stat().st_mode & OTHERS:
        path.chmod(FILE_MODE)
