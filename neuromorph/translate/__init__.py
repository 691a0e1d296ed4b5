"""Trained attention into integer circuits: calibration, codes, fidelity."""

from neuromorph.translate.calibrate import calibrate_and_tell, calibrate_layer
from neuromorph.translate.cautions import Caution
from neuromorph.translate.code import LayerCode
from neuromorph.translate.feature_code import FeatureCode, calibrate_features
from neuromorph.translate.fidelity import HeadFidelity, compare, measure_fidelity, worst_first
from neuromorph.translate.masses import HeadWindow, windows_kept
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.outliers import Outliers, without_outliers
from neuromorph.translate.samples import Sample, check_samples, kept_samples
from neuromorph.translate.slots import with_slots

__all__ = [
    "Caution",
    "FeatureCode",
    "calibrate_features",
    "HeadFidelity",
    "HeadWindow",
    "LayerCode",
    "Outliers",
    "Sample",
    "TranslateOptions",
    "calibrate_and_tell",
    "calibrate_layer",
    "check_samples",
    "compare",
    "kept_samples",
    "measure_fidelity",
    "windows_kept",
    "with_slots",
    "without_outliers",
    "worst_first",
]
