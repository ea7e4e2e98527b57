"""Pictures and sounds once decoded: faults planted in real files are named, the files themselves pass."""

from __future__ import annotations

import hashlib
import io
import struct
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from assay.rules import evaluate, load_ruleset
from assay.signals import measure_rows, signals_for
from assay.signals.media_facts import clipped_samples, sharpness_of
from tests.signals.test_examples import table, values

pytest.importorskip("miniaudio")
Image = pytest.importorskip("PIL.Image")
_RNG = np.random.default_rng(3)
_NOISE = Image.fromarray(_RNG.integers(0, 255, (40, 60, 3), np.uint8).astype(np.uint8))


def saved(picture: Any, form: str = "PNG") -> bytes:
    out = io.BytesIO()
    picture.save(out, form)
    return out.getvalue()


def wav(samples: np.ndarray, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def tone(seconds: float = 1.0, height: float = 0.5) -> np.ndarray:
    return np.round(32767 * height * np.sin(np.arange(int(8000 * seconds)) * 0.3)).astype(np.int16)


def image(*items: dict[str, Any] | bytes, **params: Any) -> Any:
    media = [{"bytes": one} if isinstance(one, bytes) else one for one in items]
    return values("image_facts", "multimodal", {"media": media}, **params)[0]


def audio(*items: dict[str, Any] | bytes, **params: Any) -> Any:
    media = [{"bytes": one} if isinstance(one, bytes) else one for one in items]
    return values("audio_facts", "multimodal", {"media": media}, **params)[0]


def fired(*rows: dict[str, Any], **params: Any) -> list[list[str]]:
    """Rules of the media preset that fire on each record."""
    rules = load_ruleset("media")
    held = table("multimodal", *rows)
    measured = measure_rows(signals_for("multimodal", list(rules.columns("multimodal"))), [held], "multimodal", params)
    for name, column in measured[0].items():
        held = held.append_column(name, column)
    return evaluate(rules.for_kind("multimodal"), held, "multimodal")["rules"].to_pylist()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_whole_picture_of_each_format_is_measured(form: str) -> None:
    facts = image(saved(_NOISE, form))
    assert (facts["images"], facts["undecodable"], facts["one_colour"]) == (1, 0, 0)
    assert (facts["width"], facts["height"]) == (60, 40)
    assert facts["sharpness"] > 100


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_picture_cut_off_cannot_be_decoded(form: str) -> None:
    whole = saved(_NOISE, form)
    facts = image({"bytes": whole[: len(whole) // 2], "modality": "image"})
    assert facts["undecodable"] == 1
    assert facts["width"] is None


def test_the_worst_picture_counts() -> None:
    flat = saved(Image.new("L", (20, 30), 7))
    facts = image(saved(_NOISE), flat, b"\x89PNG\r\n\x1a\n....")
    assert facts == {
        "images": 3, "undecodable": 1, "changed": 0, "size_mismatches": 0, "width": 20, "height": 30,
        "modes": ["L", "RGB"], "sharpness": 0.0, "one_colour": 1,
    }  # fmt: skip


def test_what_the_record_says_of_a_picture_is_held_against_it() -> None:
    data = saved(_NOISE)
    right = {"bytes": data, "width": 60, "height": 40, "sha256": hashlib.sha256(data).hexdigest()}
    assert (image(right)["size_mismatches"], image(right)["changed"]) == (0, 0)
    assert image({**right, "width": 61})["size_mismatches"] == 1
    assert image({**right, "sha256": "0" * 64})["changed"] == 1


def test_what_is_not_at_hand_is_unknown() -> None:
    assert image({"uri": "a.png"}) is None
    assert image() is None
    assert audio({"uri": "a.wav"}) is None
    assert image({"bytes": b"<svg/>", "mime": "image/svg+xml"}) is None, "a format that is not read is not judged"
    assert audio(saved(_NOISE)) is None, "a picture is no sound"


def test_sharpness_by_hand_and_blurring_lowers_it() -> None:
    grey = np.zeros((5, 5))
    grey[2, 2] = 1.0
    assert sharpness_of(grey) == pytest.approx(np.var([0, 1, 0, 1, -4, 1, 0, 1, 0]))
    assert sharpness_of(np.zeros((2, 9))) is None
    from PIL import ImageFilter

    soft = _NOISE.filter(ImageFilter.GaussianBlur(3))
    assert image(saved(soft))["sharpness"] < image(saved(_NOISE))["sharpness"] / 50


def test_a_sound_is_measured() -> None:
    facts = audio(wav(tone(1.5)))
    assert facts == {
        "sounds": 1, "undecodable": 0, "changed": 0, "rate_mismatches": 0, "shortest_s": 1.5, "longest_s": 1.5,
        "sample_rate": 8000, "channels": 1, "silence_share": 0.0, "clipping_share": 0.0,
    }  # fmt: skip
    stereo = audio(wav(np.stack([tone(), tone()], axis=1), 16000))
    assert (stereo["channels"], stereo["longest_s"]) == (2, 0.5)


def test_silence_and_clipping() -> None:
    half = np.concatenate([tone(1.0), np.zeros(8000, np.int16)])
    assert audio(wav(half))["silence_share"] == pytest.approx(0.5, abs=0.02)
    loud = np.clip(tone(1.0, 1.0).astype(np.int32) * 3, -32768, 32767)
    assert audio(wav(loud))["clipping_share"] > 0.3
    peak = np.array([[0], [32767], [32767], [0], [-32768], [32767], [-32768], [0]], np.int16)
    assert clipped_samples(peak) == 3, "runs of three and more"


def test_a_sound_cut_off_is_not_decoded() -> None:
    whole = wav(tone())
    assert audio(whole[: len(whole) // 2])["undecodable"] == 1
    assert audio({"bytes": b"RIFF\0\0\0\0WAVEjunk"})["undecodable"] == 1
    assert audio({"bytes": b"fLaC" + b"\0" * 40})["undecodable"] == 1
    at = whole.index(b"data") + 4
    streamed = whole[:at] + struct.pack("<I", 0xFFFFFFFF) + whole[at + 4 :]
    assert audio(streamed)["undecodable"] == 0, "written as a stream: its length was never known"


def test_files_below_the_root_are_read_and_nothing_else(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    data = saved(_NOISE)
    (root / "a.png").write_bytes(data)
    (root / "sub/b.png").write_bytes(data)
    (tmp_path / "secret.png").write_bytes(data)
    (root / "pack.bin").write_bytes(b"xxxx" + data + b"yyyy")

    def read(uri: str, path: str = "f.jsonl", **more: Any) -> tuple[bool, int | None]:
        row = {"media": [{"uri": uri, **more}], "source": {"path": path, "row": 0}}
        facts = values("image_facts", "multimodal", row, media_root=str(root))[0]
        absent = values("media_absent", "multimodal", row, media_root=str(root))[0]
        return facts is not None and facts["undecodable"] == 0, absent

    assert read("a.png") == (True, 0)
    assert read("b.png") == (False, 1)
    assert read("b.png", "sub/records.jsonl") == (True, 0), "beside the record's own file"
    assert read(str(root / "a.png")) == (True, 0)
    assert read(f"file://{root}/a.png") == (True, 0)
    assert read("../secret.png") == (False, 1), "outside the root there is nothing"
    assert read("https://example.org/a.png") == (False, None)
    assert read("pack.bin", modality="image", offset=4, length=len(data)) == (True, 0)
    assert values("media_absent", "multimodal", {"media": [{"uri": "a.png"}]}) == [None], "without a root"


def test_the_preset_names_each_fault_and_lets_the_clean_pass() -> None:
    good, sound = saved(_NOISE), wav(tone())
    rows = [
        {"media": [{"bytes": good, "width": 60}, {"bytes": sound, "sample_rate": 8000}]},
        {"media": [{"bytes": good[:300]}]},
        {"media": [{"bytes": sound[:300]}]},
        {"media": [{"bytes": good, "sha256": "1" * 64}]},
        {"media": [{"bytes": sound, "sample_rate": 44100}]},
        {"media": [{"bytes": saved(Image.new("RGB", (30, 30), (9, 9, 9)))}]},
        {"media": [{"bytes": saved(_NOISE.crop((0, 0, 9, 30)))}]},
        {"media": [{"bytes": wav(np.zeros(8000, np.int16))}]},
        {"media": [{"bytes": wav(np.full(8000, 32767, np.int16))}]},
        {"media": [{"uri": "https://example.org/a.png"}]},
    ]
    assert fired(*rows) == [
        [],
        ["undecodable_image"],
        ["undecodable_sound"],
        ["changed_media"],
        ["media_size_mismatch"],
        ["blurred_image", "one_colour_image"],
        ["small_image"],
        ["silent_sound"],
        ["clipped_sound"],
        [],
    ]
    assert fired({"media": [{"uri": "no.png"}]}, media_root=str(Path(__file__).parent)) == [["media_absent"]]


def test_real_recordings_decode_and_their_halves_do_not(shared_data: Path) -> None:
    files = sorted((shared_data / "multimodal-audio/fsdd").glob("*.wav"))[:60]
    assert len(files) == 60
    rows = [{"media": [{"uri": file.name}]} for file in files]
    facts = values("audio_facts", "multimodal", *rows, media_root=str(files[0].parent))
    assert all(one["undecodable"] == 0 and one["sample_rate"] == 8000 for one in facts)
    assert all(0.1 < one["shortest_s"] < 3 for one in facts)
    halves = [{"media": [{"bytes": file.read_bytes()[: file.stat().st_size // 2]}]} for file in files]
    assert all(one["undecodable"] == 1 for one in values("audio_facts", "multimodal", *halves))


def test_real_pictures_decode_and_their_halves_do_not(shared_data: Path) -> None:
    folder = shared_data / "multimodal-image"
    files = sorted((folder / "sign-digits").rglob("*.JPG"))[:30] + sorted(
        (folder / "data-juicer/ops/data").glob("img*")
    )
    rows = [{"media": [{"uri": str(file.relative_to(folder)), "modality": "image"}]} for file in files]
    facts = values("image_facts", "multimodal", *rows, media_root=str(folder))
    assert all(one["undecodable"] == one["one_colour"] == 0 and one["sharpness"] > 0 for one in facts)
    halves = [{"media": [{"bytes": file.read_bytes()[: file.stat().st_size // 2]}]} for file in files]
    assert all(one["undecodable"] == 1 for one in values("image_facts", "multimodal", *halves))
    held = pq.read_table(folder / "data-juicer/data/demo-dataset-images-bytes.parquet")
    stored = [row for column in held.column_names if "bytes" in column for row in held[column].to_pylist()]
    found = [one for row in stored for one in (row if isinstance(row, list) else [row]) if one]
    assert found
    assert all(image(one if isinstance(one, bytes) else one["bytes"])["undecodable"] == 0 for one in found)
