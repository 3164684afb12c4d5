"""Builds the C kernel with the package; everything else stands in pyproject.toml."""

from __future__ import annotations

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

FLAGS = ["-std=gnu11", "-O3", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"]


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
        missing = [ext.name for ext in self.extensions if not self.built(ext)]
        if missing:
            self.warn(
                "snellen is installed WITHOUT its compiled kernel: maps will be measured with NumPy, "
                "about 50 times slower. Install a C compiler (gcc or clang) and reinstall to change that."
            )


setup(
    ext_modules=[
        Extension(
            "snellen.stats.kernels._map_table",
            ["src/snellen/stats/kernels/map_table.c"],
            optional=True,
        )
    ],
    cmdclass={"build_ext": BuildKernel},
)
