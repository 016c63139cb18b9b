"""Clustering by medoids, and by semidefinite relaxations."""

from skextras.cluster._medoids._clara import CLARA
from skextras.cluster._medoids._clarans import CLARANS
from skextras.cluster._medoids._fasterpam import FasterPAMResult, fasterpam
from skextras.cluster._medoids._kmedoids import KMedoids
from skextras.cluster._medoids._medoid_silhouette import MedoidSilhouette
from skextras.cluster._medoids._path import MedoidPath, k_path
from skextras.cluster._medoids._path_display import MedoidPathDisplay
from skextras.cluster._medoids._silhouette import (
    medoid_silhouette_samples,
    medoid_silhouette_score,
)
from skextras.cluster._sdp._certify import certify_kmeans, kmeans_lower_bound
from skextras.cluster._sdp._ila_sdp import ILASDP
from skextras.cluster._sdp._lasdp import LASDP
from skextras.cluster._sdp._result import KMeansCertificate
from skextras.cluster._sdp._sdp_kmeans import SDPKMeans

__all__ = [  # noqa: RUF022  sorted as text, whatever the case
    "CLARA",
    "CLARANS",
    "FasterPAMResult",
    "ILASDP",
    "KMeansCertificate",
    "KMedoids",
    "LASDP",
    "MedoidPath",
    "MedoidPathDisplay",
    "MedoidSilhouette",
    "SDPKMeans",
    "certify_kmeans",
    "fasterpam",
    "k_path",
    "kmeans_lower_bound",
    "medoid_silhouette_samples",
    "medoid_silhouette_score",
]
