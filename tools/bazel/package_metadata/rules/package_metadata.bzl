"""Stands in for @package_metadata where GitHub is out of reach.

go_repository declares one such target in each module, and nothing here reads it.
"""

def package_metadata(name, visibility = None, **_kwargs):
    # A repository makes this target the default of all its targets, itself included.
    native.filegroup(
        name = name,
        applicable_licenses = [],
        visibility = visibility,
    )
