"""The report on records: JSON, arrays and pictures for each, and one page for all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.core.errors import InvalidInputError
from pellucid.core.files import write_json, write_text, written_whole
from pellucid.core.progress import track
from pellucid.reports.description import describe
from pellucid.reports.folders import free_name
from pellucid.reports.maps import maps_of
from pellucid.reports.page import island, page
from pellucid.reports.pictures import check_formats, write_pictures
from pellucid.reports.summary import ARRAYS, array_name, summary
from pellucid.reports.truth import on_leads
from pellucid.reports.viewer_data import viewer_data

if TYPE_CHECKING:
    from pellucid.explanation.explanation import Explanation
    from pellucid.reports.maps import Map
    from pellucid.reports.truth import Truth

PAGE = "report.html"
MOST_LETTERS = 40_000_000  # of embedded data; further records are listed without a viewer


def record(
    explanations: Sequence[Explanation],
    folder: Path | str,
    *,
    title: str = "",
    picture_formats: Sequence[str] = ("png",),
    truths: Sequence[Truth | None] = (),
) -> Path:
    """Write a report and return the path of its page.

    `FOLDER/<record>/explanation.json`, `relevance.npz` and pictures for each record, `FOLDER/report.html` for all.
    The same explanations give the same bytes.

    Parameters
    ----------
    title
        In the page's head.
    picture_formats
        Any of "png", "svg", "pdf"; none writes no pictures.
    truths
        What is known about each record, such as a simulated patient's `truth`: for every class that is present, where
        it shows, (lead, sample) of the record or of its twelve standard leads, or None where only its presence is
        known. An empty one says that none is present; None in its place says that nothing is known.

    Raises
    ------
    InvalidInputError
        Without explanations, for an unknown picture format, or for another number of truths than of explanations.

    Notes
    -----
    About 0.7 s for each picture, 0.1 s for the rest of a record.
    """
    if not explanations:
        raise InvalidInputError("a report needs at least one explanation; got none.")
    if truths and len(truths) != len(explanations):
        raise InvalidInputError(
            f"truths must be one for each of {len(explanations)} explanations; got {len(truths)}. "
            "Give None where nothing is known."
        )
    report = Records(folder, title=title, picture_formats=picture_formats)
    todo = zip(explanations, truths or [None] * len(explanations), strict=True)
    for explanation, truth in track(todo, "report", total=len(explanations)):
        report.add(explanation, truth)
    return report.page()


class Records:
    """The same report, written record by record, so that what is done stays where the work is broken off.

    Parameters
    ----------
    folder, title, picture_formats
        As in `record`. Nothing is written before the first record.

    Raises
    ------
    InvalidInputError
        For an unknown picture format.
    """

    def __init__(self, folder: Path | str, *, title: str = "", picture_formats: Sequence[str] = ("png",)) -> None:
        check_formats(picture_formats)
        self.folder = Path(folder)
        self.title = title
        self.formats = tuple(picture_formats)
        self._taken: set[str] = set()
        self._described: list[dict[str, Any]] = []
        self._letters = 0

    def add(self, explanation: Explanation, truth: Truth | None = None) -> Path:
        """Write a record's folder and return its path; `truth` is what is known about the record, as in `record`."""
        name = free_name(explanation.record.name, self._taken)
        maps = list(maps_of(explanation))
        known = None if truth is None else on_leads(truth, explanation.record)
        _write_files(explanation, maps, self.folder / name, self.formats, known)
        data = island(viewer_data(explanation.record, maps, known))
        fits = self._letters == 0 or self._letters + len(data) <= MOST_LETTERS
        self._letters += len(data) if fits else 0
        number = len(self._described) + 1
        self._described.append(
            describe(explanation, maps, number=number, folder=name, truth=known, data=data if fits else None)
        )
        return self.folder / name

    def page(self) -> Path:
        """Write the page on the records so far, and return its path."""
        write_text(self.folder / PAGE, page(self._described, title=self.title or "pellucid"))
        return self.folder / PAGE


def _write_files(
    explanation: Explanation, maps: Sequence[Map], folder: Path, formats: Sequence[str], truth: Truth | None
) -> None:
    pictures = write_pictures(explanation.record, maps, folder, formats, truth)
    with written_whole(folder / ARRAYS) as temporary:
        arrays: dict[str, Any] = {array_name(i): shown.relevance for i, shown in enumerate(maps)}
        np.savez_compressed(temporary, **arrays)
    write_json(folder / "explanation.json", summary(explanation, maps, pictures))
