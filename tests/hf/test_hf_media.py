"""Calibration on images and recordings: files to what the model takes, or a refusal by name."""

from __future__ import annotations

import json
import struct
import wave
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hf_models import FAMILIES

from benchmarks.zoo import shaken
from neuromorph.api.collect import MEDIA, collect
from neuromorph.api.export import export
from neuromorph.api.whole import export_whole
from neuromorph.api.whole_source import read_source
from neuromorph.errors import InputError, UsageError
from neuromorph.huggingface.media.collect import RAW, READY
from neuromorph.huggingface.media.image_steps import image_steps
from neuromorph.huggingface.recording import record
from neuromorph.models import Naming

torch = pytest.importorskip("torch", reason="torch is not installed")
transformers = pytest.importorskip("transformers", reason="transformers is not installed")

pytestmark = [pytest.mark.hf, pytest.mark.filterwarnings("ignore::UserWarning")]
Image = pytest.importorskip("PIL.Image")

STEPS: dict[str, Any] = {
    "image_processor_type": "ViTImageProcessor", "do_resize": True, "do_rescale": True,
    "do_normalize": True, "size": {"height": 32, "width": 32}, "resample": 2,
    "rescale_factor": 1 / 255, "image_mean": [.5, .4, .3], "image_std": [.5, .25, .2]}
SOUND = {"feature_extractor_type": "Wav2Vec2FeatureExtractor", "sampling_rate": 16000,
         "do_normalize": True, "feature_size": 1}


def pixels(n: int, height: int = 40, width: int = 50) -> np.ndarray:
    rng = np.random.default_rng(n)
    return rng.integers(0, 256, (height, width, 3)).astype(np.uint8)


def steps(folder: Path, **changed: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "preprocessor_config.json").write_text(json.dumps(STEPS | changed))
    return folder


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "vit"
    FAMILIES["vit"].build().save_pretrained(folder)
    return steps(folder)


@pytest.fixture(scope="module")
def wav2vec2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "wav2vec2"
    torch.manual_seed(0)
    transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        conv_dim=(16, 16), conv_stride=(5, 4), conv_kernel=(10, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2)).save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(SOUND))
    return folder


def pictures(folder: Path, count: int = 4) -> Path:
    folder.mkdir()
    for n in range(count):
        Image.fromarray(pixels(n)).save(folder / f"{n}.png")
    (folder / ".DS_Store").write_bytes(b"x")
    return folder


@pytest.mark.parametrize("changed", [
    {}, {"resample": 3}, {"size": {"shortest_edge": 36}, "do_center_crop": True,
                          "crop_size": {"height": 32, "width": 32}},
    {"do_resize": False, "do_normalize": False}])
def test_steps_are_those_of_transformers(changed: dict[str, Any], tmp_path: Path) -> None:
    made = image_steps(steps(tmp_path, **changed), 3)
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    theirs = CLIPImageProcessorPil(**{"do_center_crop": False, "do_convert_rgb": True, **STEPS,
                                      **changed})
    for image in (pixels(1), pixels(2, 50, 41)):
        expected = theirs(Image.fromarray(image), return_tensors="np")["pixel_values"][0]
        np.testing.assert_allclose(made(image, "x"), expected, atol=2e-6)


def test_a_folder_of_pictures(vit: Path, tmp_path: Path) -> None:
    found = collect(vit, pictures(tmp_path / "pictures"))
    model = transformers.AutoModel.from_pretrained(vit).eval()
    made = image_steps(vit, 3)
    batches = [{"pixel_values": torch.from_numpy(made(pixels(n), "x")[None])} for n in range(4)]
    expected = record(model, batches)
    assert (found.family, found.causal, found.any_length, found.count) == ("vit", False, False, 4)
    assert found.provenance["calibration"] == "4 images, pictures"
    for mine, theirs in zip(found.samples.values(), expected.values(), strict=True):
        for one, two in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(one.queries, two.queries, atol=1e-5)
    report = export(vit, tmp_path / "b", calibrate=tmp_path / "pictures")
    assert report.as_dict()["mean_cosine"] > .99


def test_arrays_are_the_same_as_pictures(vit: Path, tmp_path: Path) -> None:
    expected = collect(vit, pictures(tmp_path / "pictures", 2)).samples
    made = image_steps(vit, 3)
    (tmp_path / "apart").mkdir()
    np.save(tmp_path / "apart" / "0.npy", pixels(0))
    np.save(tmp_path / "apart" / "1.npy", made(pixels(1), "x"))
    np.savez(tmp_path / "raw.npz", images=np.stack([pixels(0), pixels(1)]))
    np.savez(tmp_path / "ready.npz", pixel_values=np.stack([made(pixels(n), "x") for n in (0, 1)]))
    for data in ("apart", "raw.npz", "ready.npz"):
        found = collect(vit, tmp_path / data).samples
        for name, seen in found.items():
            np.testing.assert_array_equal(seen[1].keys, expected[name][1].keys)


def test_a_whole_vit(tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=32, num_attention_heads=2, num_hidden_layers=2, intermediate_size=48,
        image_size=32, patch_size=8, num_labels=5)
    model = shaken(transformers.ViTForImageClassification(config), 0)
    model.save_pretrained(tmp_path / "vit")
    data = pictures(tmp_path / "p", 6)
    half = {"image_mean": [.5, .5, .5], "image_std": [.5, .5, .5]}
    with pytest.raises(InputError, match=r"normalised otherwise.*expected image_mean and image_st"):
        export_whole(steps(tmp_path / "vit"), tmp_path / "w", calibrate=data)
    source = read_source(steps(tmp_path / "vit", **half), data, None)
    sent = torch.from_numpy(image_steps(tmp_path / "vit", 3)(pixels(2), "x")[None])
    with torch.no_grad():
        expected = model(sent).logits.numpy()
    np.testing.assert_allclose(source.floats.run(source.sequences[2])[1], expected, atol=1e-4)
    np.savez(tmp_path / "i.npz", images=np.stack([pixels(n) for n in range(6)]))
    for patches, same in zip(source.sequences, read_source(tmp_path / "vit", tmp_path / "i.npz",
                                                           None).sequences, strict=True):
        np.testing.assert_array_equal(patches, same)
    report = export_whole(tmp_path / "vit", tmp_path / "w", calibrate=data)
    assert report.as_dict()["fidelity_on"] == "held-out images"
    assert report.layers[-1].cosine > .98


def tone(n: int, samples: int = 4000) -> np.ndarray:
    return (.5 * np.sin(np.arange(samples) / (5 + n))).astype(np.float32)


def sound(path: Path, values: np.ndarray, *, size: int = 2, rate: int = 16000,
          channels: int = 1) -> Path:
    whole = np.round(values * (2.0**(8 * size - 1) - 1)).astype("<i8")
    whole = whole + 128 if size == 1 else whole
    raw = whole.view(np.uint8).reshape(-1, 8)[:, :size].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, size, rate, 0, "NONE", ""))
        file.writeframes(raw)
    return path


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_folder_of_recordings(size: int, wav2vec2: Path, tmp_path: Path) -> None:
    (tmp_path / "sounds").mkdir()
    for n in range(2):
        sound(tmp_path / "sounds" / f"{n}.wav", tone(n, 4000 - 500 * n), size=size)
    found = collect(wav2vec2, tmp_path / "sounds")
    assert (found.causal, found.any_length, found.count) == (False, True, 2)
    theirs = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    model = transformers.AutoModel.from_pretrained(wav2vec2).eval()
    expected = record(model, [dict(theirs(tone(1, 3500), sampling_rate=16000,
                                          return_tensors="pt"))])
    for name, seen in expected.items():
        np.testing.assert_allclose(found.samples[name][1].values, seen[0].values,
                                   atol=.1 if size == 1 else 2e-3)


def test_recordings_in_arrays(wav2vec2: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", audio=np.stack([tone(0), tone(1)]))
    normal = [(tone(n) - tone(n).mean()) / np.sqrt(tone(n).var() + 1e-7) for n in (0, 1)]
    np.savez(tmp_path / "b.npz", input_values=np.stack(normal))
    one, two = (collect(wav2vec2, tmp_path / name).samples for name in ("a.npz", "b.npz"))
    for name, seen in one.items():
        np.testing.assert_allclose(seen[1].keys, two[name][1].keys, atol=1e-5)
    assert set(MEDIA) == {*READY, *RAW}


def _saved(name: str, array: np.ndarray) -> Any:
    return lambda folder: np.save(folder / name, array)


PICTURES: dict[str, tuple[Any, str]] = {
    "empty": (lambda f: None, "one file an image or recording; found 0 files"),
    "other": (lambda f: (f / "a.gif").write_bytes(b"GIF89a"), "no file to calibrate on; expected"),
    "no PNG": (lambda f: (f / "a.png").write_bytes(b"hello"),
               "cannot be read; found b'hello'; expected a PNG or JPEG"),
    "no bytes": (lambda f: (f / "a.png").write_bytes(b""), "the file is empty"),
    "git-lfs": (lambda f: (f / "a.png").write_bytes(
        b"version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    "cut": (lambda f: _cut(f / "a.png"), "the image cannot be read"),
    "16 bits": (lambda f: Image.fromarray(np.zeros((9, 9), np.uint16)).save(f / "a.png"),
                "8 bits a channel; found mode I;16"),
    "16 bits, in color": (lambda f: _deep(f / "a.png", 2, 3), "found mode RGB;16B"),
    "16 bits, grey and alpha": (lambda f: _deep(f / "a.png", 4, 2), "found mode LA;16B"),
    "recording": (lambda f: sound(f / "a.wav", tone(0)), "takes images, and this is a recording"),
    "rank": (_saved("a.npy", np.zeros((1, 3, 32, 32), "f")), "expected .3, height, width."),
    "channels last": (_saved("a.npy", np.zeros((32, 32, 3), "f")), "expected .3, height, width."),
    "grey": (_saved("a.npy", np.zeros((32, 32), np.uint8)), "expected .height, width, 3."),
    "bright": (_saved("a.npy", np.full((32, 32, 3), 256)), "pixels of 0 to 255"),
    "NaN": (_saved("a.npy", np.full((3, 32, 32), np.nan, "f")), "NaN, infinity"),
    "size": (_saved("a.npy", np.zeros((3, 30, 32), "f")), "cannot be run on these images"),
    "objects": (_saved("a.npy", np.array([{}])), "real numbers"),
    "no array": (lambda f: (f / "a.npy").write_bytes(b"hello"), "a.npy"),
}


def _cut(path: Path) -> None:
    Image.fromarray(pixels(0)).save(path)
    path.write_bytes(path.read_bytes()[:300])


def _deep(path: Path, kind: int, channels: int) -> None:
    """A PNG file of 9 by 9 pixels of 16 bits, which PIL does not write."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", 9, 9, 16, kind, 0, 0, 0)),
             (b"IDAT", zlib.compress(bytes(9 * (1 + 18 * channels)))), (b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content
        + struct.pack(">I", zlib.crc32(name + content)) for name, content in parts))


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_that_are_refused(name: str, vit: Path, tmp_path: Path) -> None:
    spoil, says = PICTURES[name]
    (tmp_path / "p").mkdir()
    spoil(tmp_path / "p")
    with pytest.raises(InputError, match=says) as caught:
        collect(vit, tmp_path / "p")
    assert str(caught.value).isprintable()


SOUNDS: dict[str, tuple[Any, str]] = {
    "cut in its head": (lambda f: (f / "a.wav").write_bytes(b"RIFF"), "found the end of the file"),
    "no samples": (lambda f: sound(f / "a.wav", tone(0)[:0]), "is empty, or has no rate; found 0 "),
    "rate": (lambda f: sound(f / "a.wav", tone(0), rate=8000), "found 8000 Hz; expected 16000 Hz"),
    "stereo": (lambda f: sound(f / "a.wav", tone(0), channels=2), "one channel; found 2"),
    "cut": (lambda f: (f / "a.wav").write_bytes(b"RIFF\x10\0\0\0WAVE"), "cannot be read"),
    "short": (lambda f: (f / "a.wav").write_bytes(sound(f / "a.wav", tone(0)).read_bytes()[:999]),
              "cut short"),
    "picture": (lambda f: Image.fromarray(pixels(0)).save(f / "a.png"), "an array of samples"),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_recordings_that_are_refused(name: str, wav2vec2: Path, tmp_path: Path) -> None:
    spoil, says = SOUNDS[name]
    (tmp_path / "p").mkdir()
    spoil(tmp_path / "p")
    with pytest.raises(InputError, match=says):
        collect(wav2vec2, tmp_path / "p")


@pytest.mark.parametrize(("changed", "says"), [
    ({"crop_pct": .9}, "does more than is done here; found crop_pct = 0.9"),
    ({"do_flip_channel_order": True}, "found do_flip_channel_order = True"),
    ({"size": {"longest_edge": 3}}, "size is not usable"),
    ({"size": {"height": 1 << 20, "width": 1}}, "height is too large"),
    ({"image_std": [0, 1, 1]}, "image_std is not usable"),
    ({"image_mean": [0, 1]}, "expected 3 numbers"),
    ({"image_mean": None}, "image_mean is not usable; found None"),
])
def test_steps_that_are_not_done(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        image_steps(steps(tmp_path, **changed), 3)


def test_data_of_another_kind_of_model(vit: Path, wav2vec2: Path, tmp_path: Path) -> None:
    data = pictures(tmp_path / "p", 1)
    np.savez(tmp_path / "a.npz", audio=tone(0)[None])
    np.savez(tmp_path / "r.npz", input_values=tone(0)[None])
    np.savez(tmp_path / "i.npz", images=np.zeros((2, 9, 9), np.uint8))
    np.savez(tmp_path / "two.npz", images=pixels(0)[None], audio=tone(0)[None])
    for model, path, says in (
            (vit, "a.npz", "whole numbers has pixels|expected .3, height, width."),
            (vit, "r.npz", "takes something else; found input_values; expected pixel_values"),
            (vit, "i.npz", "images have the wrong shape"), (vit, "two.npz", "holds one array"),
            (tmp_path / "none", "p", "no such model")):
        with pytest.raises(InputError, match=says):
            collect(model, tmp_path / path)
    with pytest.raises(UsageError, match="run by models that transformers knows"):
        collect(vit, data, naming=Naming(heads=4))
