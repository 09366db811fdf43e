"""NIfTI volumes: the middle axial slice, left and right as the affine says."""

from __future__ import annotations

from pathlib import Path

from pellucid.records.nifti_volume import is_nifti, read_nifti
from pellucid.records.slice import MriSlice


class Nifti:
    """The middle axial slice of a NIfTI-1 or NIfTI-2 volume in one file, compressed or not.

    The slice is drawn as radiologists do: the front of the head above, the patient's right at the left edge; where
    the file states no orientation, the axes are taken as stored and no side is marked. All slices of many volumes are
    a data set, `volumes:FOLDER`.
    """

    def recognises(self, path: Path, head: bytes) -> bool:
        """Look for the mark of NIfTI in the header, behind gzip where the file is compressed."""
        return is_nifti(head)

    def read(self, path: Path) -> MriSlice:
        """Read the first volume; of its axial slices the middle one."""
        whole = read_nifti(path)
        middle = whole.slices // 2
        note = f"Slice {middle + 1} of {whole.slices} from below is read; the volume has no other record here."
        return whole.axial(middle, name=path.stem, notes=(note,))
