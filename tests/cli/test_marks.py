"""Results are known by what they say of themselves; nothing else is ever replaced."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_tools import Run, snapshot

from neuromorph.api import demo, run, run_seeds, simulate
from neuromorph.bundle import BUNDLE_FOLDER, save_bundle
from neuromorph.bundle.bundle import Bundle
from neuromorph.deploy import folder as deployed
from neuromorph.errors import OutputExistsError
from neuromorph.files.atomic import atomic_folder, check_target
from neuromorph.files.outputs import GENERATOR, Output, kind_of
from neuromorph.models.digits import WEIGHTS

KINDS = (BUNDLE_FOLDER, simulate.FOLDER, run.FOLDER, demo.FOLDER, deployed.FOLDER)


def written(folder: Path, output: Output) -> Path:
    """A result of that kind, as far as it says so itself."""
    folder.mkdir(parents=True)
    for name in output.names:
        if name in output.inside:
            written(folder / name, output.inside[name])
        else:
            (folder / name).write_text("a result")
    said = "" if output.kind == "bundle" else f'\nkind = "{output.kind.removesuffix(" bundle")}"'
    mark = (f'generator = "{GENERATOR}"{said}' if output.marked.endswith(".toml") else
            json.dumps(output.mark()))
    (folder / output.marked).write_text(mark)
    return folder


def refused(folder: Path, output: Output) -> str:
    before = snapshot(folder)
    with pytest.raises(OutputExistsError) as caught:
        check_target(folder, ours=output, force=True)
    assert snapshot(folder) == before
    return str(caught.value)


@pytest.mark.parametrize("output", KINDS, ids=lambda o: o.kind)
def test_names_alone_are_no_mark(tmp_path: Path, output: Output) -> None:
    """Somebody's folder may hold the same names, all of them."""
    folder = written(tmp_path / "out", output)
    check_target(folder, ours=output, force=True)
    for content in ("mine", "", "{}", "[]", '{"kind": "run"}', 'generator = "x 1"', "\0",
                    '{"generator": "neuromorphology 1", "kind": "run"}',
                    '{"generator": "neuromorph 1", "kind": 1}' if output is not BUNDLE_FOLDER
                    else 'generator = 1'):
        (folder / output.marked).write_text(content)
        assert "what neuromorph did not write, and is left alone" in refused(folder, output)
    (folder / output.marked).unlink()
    assert f"expected {output.marked} that says it is the {output.kind} of" in refused(folder,
                                                                                     output)


@pytest.mark.parametrize("other", KINDS, ids=lambda o: o.kind)
@pytest.mark.parametrize("output", KINDS, ids=lambda o: o.kind)
def test_another_kind_of_ours_is_left_alone_too(
    tmp_path: Path, output: Output, other: Output
) -> None:
    folder = written(tmp_path / "out", other)
    if other is output:
        check_target(folder, ours=output, force=True)
    else:
        assert "left alone" in refused(folder, output)


def test_a_run_and_a_simulation_differ_by_what_they_say_only(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps(simulate.FOLDER.mark()))
    assert refused(folder, run.FOLDER).endswith(
        "another kind of result, and is left alone; found the simulation of neuromorph; expected "
        "a run. Choose another folder")


def test_of_another_kind_no_file_is_called_foreign(tmp_path: Path) -> None:
    folder = written(tmp_path / "out", run.FOLDER)
    assert refused(folder, run_seeds.FOLDER).endswith(
        "found the run of neuromorph; expected a run over seeds. Choose another folder")


@pytest.mark.parametrize("spoil", [
    lambda folder: (folder / "bundle" / "notes.txt").write_text("mine"),
    lambda folder: (folder / "bundle" / "manifest.toml").write_text("mine"),
    lambda folder: shutil.rmtree(folder / "bundle") or (folder / "bundle").write_text("mine"),
    lambda folder: (folder / "maps.png").unlink() or (folder / "maps.png").mkdir(),
    lambda folder: (folder / "maps.png").unlink() or (folder / "maps.png").symlink_to("x"),
], ids=["a note in it", "another's bundle", "a file", "a folder of a picture's name", "a link"])
def test_what_is_inside_is_looked_at(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    folder = written(tmp_path / "out", demo.FOLDER)
    spoil(folder)
    assert "left alone" in refused(folder, demo.FOLDER)


def test_every_command_writes_its_mark(
    cli: Run, exported: Path, loaded: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's and the compiler's are seen where those are tested."""
    assert kind_of(exported / "manifest.toml") == "bundle"
    assert cli("simulate", exported, "-o", "s", "-q").code == 0
    assert kind_of(tmp_path / "s" / "summary.json") == "simulation"
    assert cli("run", "match_and_control", "-o", "r", "-q").code == 0
    assert kind_of(tmp_path / "r" / "summary.json") == "run"
    assert cli("compile", exported, "--programmable", "-o", "c", "-q").code == 0
    assert kind_of(tmp_path / "c" / "report.json") == "program"
    for line in (("simulate", exported, "-o", "r"), ("run", "match_and_control", "-o", "s"),
                 ("run", "match_and_control", "-o", "c"), ("export", WEIGHTS, "-o", "s")):
        done = cli(*line, "--force", "-q")
        assert (done.code, "left alone" in done.err) == (2, True)


def test_an_earlier_bundle_of_any_version_is_known(tmp_path: Path, loaded: Bundle) -> None:
    place = save_bundle(loaded, tmp_path / "b")
    manifest = place / "manifest.toml"
    text = manifest.read_text().replace(GENERATOR, "neuromorph 0.0.1")
    manifest.write_text(text.replace("schema_version = 2", "schema_version = 1"))
    save_bundle(loaded, place, force=True)
    assert GENERATOR in manifest.read_text()


def test_a_mark_that_is_too_large_to_read_is_none(tmp_path: Path) -> None:
    folder = written(tmp_path / "out", run.FOLDER)
    with (folder / "summary.json").open("r+b") as file:
        file.truncate(1 << 40)
    assert "left alone" in refused(folder, run.FOLDER)


def test_what_is_ours_is_replaced(tmp_path: Path) -> None:
    folder = written(tmp_path / "out", run.FOLDER)
    with atomic_folder(folder, ours=run.FOLDER, force=True) as new:
        (new / "summary.json").write_text(json.dumps(run.FOLDER.mark()))
    assert [p.name for p in folder.iterdir()] == ["summary.json"]


def test_the_demo_of_an_earlier_version_is_for_its_owner_to_remove(
    fails: Run, tmp_path: Path
) -> None:
    """Its summary did not say yet what it is; it is refused before any work is done."""
    folder = written(tmp_path / "out" / "demo", demo.FOLDER)
    (folder / "summary.json").write_text('{"accuracy": 0.97}')
    said = fails(2, "demo", "-o", "out/demo", "--force")
    assert said == (
        "error: out/demo: the output holds what neuromorph did not write, and is left alone; "
        "found accuracy.png, answer.png, block.png, …; expected summary.json that says it is the "
        "demo of neuromorph. Choose another folder, or remove this one yourself, as when an "
        "earlier version of neuromorph wrote it")
