"""Builds the C kernel with the package; everything else stands in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

SOURCE = "src/snellen/stats/kernels/source"
FLAGS = [
    "-std=gnu11",
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-Wno-psabi",
]


class BuildKernel(build_ext):
    """Builds a plain shared library, loaded with ctypes: it needs no Python headers.

    Where that fails the package is installed all the same, and says what follows from it.
    """

    def build_extension(self, ext: Extension) -> None:
        if self.compiler.compiler_type != "msvc":
            ext.extra_compile_args = [*FLAGS, "-pthread"]
            ext.extra_link_args = ["-pthread"]
        super().build_extension(ext)

    def get_export_symbols(self, ext: Extension) -> list[str]:
        """None: the source marks what it exports, and there is no module initialiser to add."""
        return []

    def run(self) -> None:
        super().run()
        if not all(self.built(ext) for ext in self.extensions):
            self.warn(
                "snellen is installed WITHOUT its compiled kernel: maps will be measured with "
                "NumPy, many times slower. Install a C compiler (gcc or clang) and reinstall "
                "snellen to change that."
            )

    def built(self, ext: Extension) -> bool:
        return Path(self.get_ext_fullpath(ext.name)).exists()


setup(
    ext_modules=[
        Extension(
            "snellen.stats.kernels._map_table",
            [f"{SOURCE}/{name}.c" for name in ("map_table", "plain", "avx2")],
            depends=[f"{SOURCE}/{name}.h" for name in ("job", "lanes", "layouts")],
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel},
)
