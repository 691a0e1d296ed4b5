"""Trained attention into integer circuits: calibration, codes, fidelity."""

from neuromorph.translate.calibrate import calibrate_layer
from neuromorph.translate.code import LayerCode, check_shared
from neuromorph.translate.feature_code import FeatureCode, calibrate_features
from neuromorph.translate.fidelity import HeadFidelity, measure_fidelity
from neuromorph.translate.options import TranslateOptions
from neuromorph.translate.samples import Sample, check_samples

__all__ = [
    "FeatureCode",
    "calibrate_features",
    "HeadFidelity",
    "LayerCode",
    "Sample",
    "TranslateOptions",
    "calibrate_layer",
    "check_samples",
    "check_shared",
    "measure_fidelity",
]
