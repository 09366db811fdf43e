from pellucid.attribution.attribute import attribute as attribute
from pellucid.attribution.attribution import Attribution as Attribution
from pellucid.attribution.method import method as method
from pellucid.core.available import available as available
from pellucid.core.errors import PellucidError as PellucidError
from pellucid.datasets.dataset import Dataset as Dataset
from pellucid.datasets.dataset import dataset as dataset
from pellucid.explanation.explain import explain as explain
from pellucid.explanation.explanation import Explanation as Explanation
from pellucid.networks.network import Network as Network
from pellucid.networks.prediction import Prediction as Prediction
from pellucid.networks.store import load as load
from pellucid.records.ecg import EcgRecord as EcgRecord
from pellucid.records.read import read as read
from pellucid.records.slice import MriSlice as MriSlice
from pellucid.simulation.patients import simulate as simulate

__version__: str

__all__ = [
    "Attribution",
    "Dataset",
    "EcgRecord",
    "Explanation",
    "MriSlice",
    "Network",
    "PellucidError",
    "Prediction",
    "attribute",
    "available",
    "dataset",
    "explain",
    "load",
    "method",
    "read",
    "simulate",
]
