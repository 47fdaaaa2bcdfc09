"""Targets for DuckDB's two Go modules: the C bindings and the prebuilt libraries.

Both find their headers and archives through cgo directives with relative
paths, which gazelle can't turn into targets. Patches add to each module a
BUILD file that calls one of these macros.
"""

load("@io_bazel_rules_go//go:def.bzl", "go_library")

_BINDINGS = "github.com/duckdb/duckdb-go-bindings"

# The module of each platform, and the C++ runtime to link there. On Linux the
# archives refer to each other in circles, so that they form one group, and
# DuckDB looks up symbols of the program itself.
_PLATFORMS = {
    "darwin-amd64": ([], ["-lc++"]),
    "darwin-arm64": ([], ["-lc++"]),
    "linux-amd64": (["-rdynamic", "-Wl,--start-group"], ["-Wl,--end-group", "-lstdc++", "-lm", "-ldl"]),
    "linux-arm64": (["-rdynamic", "-Wl,--start-group"], ["-Wl,--end-group", "-lstdc++", "-lm", "-ldl"]),
}

def _repository(platform):
    return "com_github_duckdb_duckdb_go_bindings_lib_" + platform.replace("-", "_")

def duckdb_prebuilt():
    """The module lib/PLATFORM: DuckDB as static archives.

    Which platform it is follows from the repository's name.
    """
    here = native.repository_name()
    for platform, (before, after) in _PLATFORMS.items():
        if here.endswith(_repository(platform)):
            _prebuilt(platform, before, after)

def _prebuilt(platform, before, after):
    # DuckDB's own build leaves jemalloc out of the link line as well.
    archives = native.glob(["*.a"], exclude = ["libduckdb_jemalloc.a"])
    native.cc_library(
        name = "duckdb",
        hdrs = ["duckdb.h"],
        additional_linker_inputs = archives,
        defines = ["DUCKDB_STATIC_BUILD"],
        includes = ["."],
        linkopts = before + ["$(location %s)" % a for a in archives] + after,
    )
    go_library(
        name = platform,
        srcs = ["prebuilt.go"],
        cdeps = [":duckdb"],
        cgo = True,
        importpath = _BINDINGS + "/lib/" + platform,
        visibility = ["//visibility:public"],
    )

def duckdb_bindings():
    """The module duckdb-go-bindings: DuckDB's C interface in Go."""
    native.cc_library(
        name = "headers",
        hdrs = native.glob(["include/*.h"]),
        defines = ["DUCKDB_STATIC_BUILD"],
        includes = ["include"],
    )
    go_library(
        name = "include",
        srcs = ["include/include.go"],
        importpath = _BINDINGS + "/include",
    )
    go_library(
        name = "duckdb-go-bindings",
        srcs = native.glob(["*.go"], exclude = ["*_test.go"]),
        cdeps = [":headers"],
        cgo = True,
        importpath = _BINDINGS,
        visibility = ["//visibility:public"],
        deps = [":include"] + select({
            "@io_bazel_rules_go//go/platform:" + platform.replace("-", "_"): ["@%s//:%s" % (_repository(platform), platform)]
            for platform in _PLATFORMS
        }),
    )
