"""A script run by snellen is told from one run by Python by nothing but the lines snellen adds."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from cli.command import python, snellen

NO_TRAINING = "snellen: no training seen: "


def write(directory: Path, source: str, name: str = "script.py") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def without_ours(text: str) -> str:
    return "".join(x for x in text.splitlines(keepends=True) if not x.startswith("snellen: "))


ENDINGS = {
    "end": "print('done')",
    "exit 0": "sys.exit()",
    "exit 3": "sys.exit(3)",
    "exit true": "sys.exit(True)",
    "exit -1": "sys.exit(-1)",
    "exit text": "sys.exit('not today')",
    "exit other": "sys.exit([1, 2])",
    "own exit": "class Bye(SystemExit): pass\nraise Bye(7)",
    "exception": "def fail():\n    return 1 / 0\nfail()",
    "chained": "try:\n    {}['a']\nexcept KeyError as e:\n    raise ValueError('b') from e",
    "group": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "notes": "e = ValueError('v')\ne.add_note('a note')\nraise e",
    "syntax error inside": "exec('a b')",
    "syntax error": "print('never'\nx = = 1",
    "interrupt": "raise KeyboardInterrupt",
    "generator exit": "raise GeneratorExit",
    "hook": "sys.excepthook = lambda *a: print('my hook', a[0].__name__)\n1/0",
    "hook exits": "def hook(*a): sys.exit(9)\nsys.excepthook = hook\n1/0",
    "hook fails": "def hook(*a): raise TypeError('hook')\nsys.excepthook = hook\n1/0",
    "atexit": "import atexit\nname = 'kept'\natexit.register(lambda: print(name))\nsys.exit(4)",
    "thread": "import threading, time\nx = 'seen'\n"
    "threading.Thread(target=lambda: (time.sleep(0.3), print(x))).start()",
    "hard exit": "import os\nprint('out', flush=True)\nos._exit(5)",
    "fork": "import os\npid = os.fork()\npid and os.waitpid(pid, 0)\n"
    "print('child' if pid == 0 else 'parent', flush=True)\nsys.exit(0 if pid == 0 else 6)",
    "encoding": "print(ascii('ä'))",
    "standard error closed": "sys.stderr.close()\nprint('on')\nraise SystemExit(4)",
    "standard error gone": "sys.stderr = None\nprint('on')\nraise SystemExit('text')",
    "standard output closed": "sys.stdout.close()",
    "exception, standard error gone": "sys.stderr = None\n1/0",
    "no newline": "print('a', end='')",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_output_and_status_are_those_of_python(tmp_path: Path, ending: str) -> None:
    script = write(tmp_path, "import sys\n" + ENDINGS[ending])
    bare = python(script.name, directory=tmp_path)
    ours = snellen("run", script.name, directory=tmp_path)
    assert ours.returncode == bare.returncode
    assert ours.stdout == bare.stdout
    assert without_ours(ours.stderr) == bare.stderr
    assert ours.stderr.count(NO_TRAINING) == (0 if ending == "hard exit" else 1)


SELF = """
    import sys, inspect
    class Thing: pass
    def function(): pass
    print(sys.argv, __name__, __file__, __spec__, __package__, __doc__, type(__builtins__))
    print(sorted(globals()), sys.path[0], len(sys.path))
    import __main__
    print(__main__.Thing is Thing, sys.modules['__main__'].__dict__ is globals())
    print(inspect.getsource(function), Thing.__module__, inspect.getfile(Thing))
    import beside
    print(beside.NAME)
"""


def test_the_script_sees_itself_as_under_python(tmp_path: Path) -> None:
    script = write(tmp_path, SELF, "deep er/script.py")
    write(script.parent, "NAME = 'beside'", "beside.py")
    arguments = ["deep er/script.py", "--help", "-m", "x", "--", "--json", "y", ""]
    bare = python(*arguments, directory=tmp_path)
    ours = snellen("run", *arguments, directory=tmp_path)
    assert bare.returncode == 0
    assert ours.stdout == bare.stdout


def test_a_linked_script_finds_what_lies_beside_its_target(tmp_path: Path) -> None:
    write(tmp_path / "real", SELF)
    write(tmp_path / "real", "NAME = 'beside'", "beside.py")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "script.py")
    bare = python("link.py", directory=tmp_path)
    ours = snellen("run", "link.py", directory=tmp_path)
    assert bare.returncode == 0
    assert ours.stdout == bare.stdout


MODULE = """
    import sys
    from pathlib import Path
    print(sys.argv, __name__, __file__, __spec__.name, __package__, sys.path[0])
    from . import NAME
    print(NAME)
    if "fail" in sys.argv: raise ValueError("no")
"""


@pytest.mark.parametrize("arguments", [["pack.train", "--help"], ["pack"], ["pack.train", "fail"]])
def test_a_module_sees_itself_as_under_python(tmp_path: Path, arguments: list[str]) -> None:
    write(tmp_path, "NAME = 'from the package'", "pack/__init__.py")
    write(tmp_path, MODULE, "pack/train.py")
    write(tmp_path, MODULE, "pack/__main__.py")
    bare = python("-m", *arguments, directory=tmp_path)
    ours = snellen("run", "-m", *arguments, directory=tmp_path)
    assert "from the package" in bare.stdout
    assert ours.stdout == bare.stdout
    assert ours.returncode == bare.returncode
    # Python shows frames of its own `runpy` first; neither has any of ours.
    last = [line for line in bare.stderr.splitlines() if "runpy" not in line]
    assert without_ours(ours.stderr).splitlines() == last


POOL = """
    import multiprocessing as mp, sys
    def square(x): return x * x
    class Box:
        def __init__(self, x): self.x = x
    def boxed(x): return Box(x)
    if __name__ == "__main__":
        with mp.get_context(sys.argv[1]).Pool(2) as pool:
            print(pool.map(square, range(4)), [b.x for b in pool.map(boxed, range(2))])
        process = mp.get_context(sys.argv[1]).Process(target=square, args=(2,))
        process.start()
        process.join()
        print(process.exitcode)
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("module", [False, True], ids=["script", "module"])
def test_worker_processes_work_and_give_no_verdict(
    tmp_path: Path, method: str, module: bool
) -> None:
    write(tmp_path, POOL, "pool.py")
    target = ["-m", "pool"] if module else ["pool.py"]
    ours = snellen("run", *target, method, directory=tmp_path)
    assert ours.stdout == "[0, 1, 4, 9] [0, 1]\n0\n"
    assert ours.returncode == 0
    assert ours.stderr.count("snellen") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["gone.py"], "no script 'gone.py'"),
        (["."], "'.' is a directory"),
        (["-m", "gone"], "no module named 'gone'"),
        (["-m", "gone.deeper"], "no module named 'gone.deeper'"),
        (["--probe-images", "2", "script.py"], "--probe-images"),
        (["--overhead-budget", "a lot", "script.py"], "--overhead-budget"),
        (["--nonsense", "script.py"], "No such option"),
        ([], "Missing argument"),
    ],
)
def test_a_wrong_command_is_explained_and_runs_nothing(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    write(tmp_path, "print('ran')")
    ours = snellen("run", *arguments, directory=tmp_path)
    assert ours.returncode == 2
    assert says in ours.stderr
    assert "Traceback" not in ours.stderr
    assert ours.stdout == ""


def test_a_module_that_imports_what_is_missing_fails_as_itself(tmp_path: Path) -> None:
    write(tmp_path, "import not_there", "broken.py")
    ours = snellen("run", "-m", "broken", directory=tmp_path)
    assert ours.returncode == 1
    assert "ModuleNotFoundError: No module named 'not_there'" in ours.stderr
    assert "snellen/cli" not in ours.stderr


def test_quiet_says_nothing(tmp_path: Path) -> None:
    write(tmp_path, "print('ran')")
    ours = snellen("run", "--quiet", "script.py", directory=tmp_path)
    assert (ours.stdout, ours.stderr, ours.returncode) == ("ran\n", "", 0)


def test_a_script_that_trains_nothing_leaves_no_file(tmp_path: Path) -> None:
    write(tmp_path, "print('ran')")
    snellen("run", "script.py", directory=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["script.py"]
