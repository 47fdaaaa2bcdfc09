"""What every suite in e2e/ needs of Bazel: the product's image, the programs that go into
containers, the files of deploy/ and examples/, and a Docker engine."""

_IMAGE = "//deploy:image.tar"
_LISTENER = "//e2e/listener"
_DUMP = "//e2e/dump"

SUITE_DATA = [
    _IMAGE,
    _LISTENER,
    _DUMP,
    "//deploy:files",
    "//e2e/client:files",
    "//e2e/images:files",
    "//examples:files",
]

SUITE_ENV = {
    "KALLAD_E2E_DUMP": "$(rootpath %s)" % _DUMP,
    "KALLAD_E2E_LISTENER": "$(rootpath %s)" % _LISTENER,
    "KALLAD_E2E_TARBALL": "$(rootpath %s)" % _IMAGE,
}

# The engine is outside of every sandbox. Suites take turns: each has a handful of containers.
SUITE_TAGS = [
    "exclusive",
    "no-sandbox",
    "requires-network",
]
