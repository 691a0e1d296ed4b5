"""What an installation holds, editable or not; `make package` also installs and runs it."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from release import package

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An sdist and a wheel."""
    pytest.importorskip("setuptools", minversion="77")
    return package.both(tmp_path_factory.mktemp("packages"))


def test_an_editable_install_is_a_path_that_type_checkers_follow(tmp_path: Path) -> None:
    pytest.importorskip("setuptools", minversion="77")
    checkout = package.copied(tmp_path / "checkout")
    with zipfile.ZipFile(package.build_meta(checkout, "editable", tmp_path)) as wheel:
        paths = [name for name in wheel.namelist() if name.endswith(".pth")]
        assert [wheel.read(name).decode().strip() for name in paths] == [str(checkout)]
        assert not [name for name in wheel.namelist() if "finder" in name]


@pytest.mark.parametrize("number", [0, 1], ids=["sdist", "wheel"])
def test_a_package_holds_what_it_must_and_nothing_else(
    number: int, built: tuple[Path, Path]
) -> None:
    package.check(built[number])


@pytest.mark.parametrize(("change", "reason"), [
    ({"neuromorph/py.typed": None}, "lacks neuromorph/py.typed"),
    ({"neuromorph/processes/readout/process.py": None}, "lacks neuromorph/processes/readout"),
    ({"neuromorph/hardware_profiles/loihi1.toml": None}, "lacks neuromorph/hardware_profiles"),
    ({"neuromorph/models/digits/images.safetensors": b""}, "images.safetensors is empty"),
    ({"tests/test_house.py": b"1"}, "holds tests/test_house.py"),
    ({"conftest.py": b"1"}, "holds conftest.py"),
    ({"neuromorph/test_house.py": b"1"}, "holds neuromorph/test_house.py"),
    ({"neuromorph/old.py": b"1"}, "holds neuromorph/old.py, which is not in the checkout"),
    ({"neuromorph/shown.py": b"x = '/home/me/x'"}, "names a place of the machine that built it"),
])
def test_what_is_wrong_with_a_package_is_found(
    change: dict[str, bytes | None], reason: str, built: tuple[Path, Path]
) -> None:
    files = {**package.held(built[1]), **change}
    found = package.faults({n: text for n, text in files.items() if text is not None})
    assert [text for text in found if reason in text], found


def test_metadata_of_another_version_or_without_a_field_is_found(
    built: tuple[Path, Path]
) -> None:
    found = package.metadata(package.held(built[1]))
    assert package.metadata_faults(found) == []
    del found["Version"], found["Summary"]
    found["Version"] = "9.9"
    assert len(package.metadata_faults(found)) == 2


def test_a_link_in_an_sdist_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "linked.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        link = tarfile.TarInfo("x/neuromorph/processes")
        link.type, link.linkname = tarfile.SYMTYPE, "../processes"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("x/PKG-INFO"), io.BytesIO())
    with pytest.raises(package.PackageError, match="holds links: x/neuromorph/processes"):
        package.held(path)
