from __future__ import annotations

import pytest

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.dataset import dataset


@pytest.fixture
def published(shared):
    return shared / "data" / "brain_tumor_mri"


def test_the_published_counts(published):
    source = dataset(f"brain-tumor:{published}")
    assert source.select(folds=[10]).labels.sum().tolist() == [100, 115, 105, 74]
    assert source.labels.sum().tolist() == [926, 937, 500, 901]
    assert not source.patients_known
    assert source.untestable is None
    assert "names no patients" in source.notes[0]


def test_tumor_or_not(published):
    two = dataset(f"brain-tumor:{published}", classes="two")
    assert two.classes == ("tumor", "no_tumor")
    assert two.labels.sum().tolist() == [2764, 500]


def test_outlines_are_masks_of_the_stated_area(published):
    source = dataset(f"brain-tumor:{published}")
    mask = source.mask("Testing/glioma_tumor/image(59).jpg")
    assert mask.shape == source.read("Testing/glioma_tumor/image(59).jpg").shape
    assert mask.mean() == pytest.approx(0.03973, rel=0.01)
    assert source.mask("Testing/no_tumor/image(1).jpg") is None


def test_the_outlined_slices_alone(published, folders):
    source = dataset(f"brain-tumor:{published},outlined=true")
    assert source.labels.sum().to_dict() == {"glioma_tumor": 844, "meningioma_tumor": 679, "pituitary_tumor": 822}
    with pytest.raises(InvalidInputError, match=r"must hold outlines\.csv"):
        dataset(f"brain-tumor:{folders}", outlined=True)


def test_what_the_pictures_were_before_is_known_to_the_audit(published):
    facts = dataset(f"brain-tumor:{published}").acquisition.loc["Testing/glioma_tumor/image(1).jpg"]
    assert facts.to_dict() == {"width": 495, "height": 619, "mode": "RGB", "bytes": 49523}


def test_other_folders_are_told(folders, write, picture):
    assert len(dataset(f"brain-tumor:{folders}")) == 72
    assert dataset(f"brain-tumor:{folders}").acquisition.empty
    write(folders / "Training" / "abscess" / "1.png", picture(1))
    with pytest.raises(InvalidInputError, match=r"has abscess.*image-folder:"):
        dataset(f"brain-tumor:{folders}")
    with pytest.raises(InvalidInputError, match="no such parts"):
        dataset(f"brain-tumor:{folders / 'Testing'}")
