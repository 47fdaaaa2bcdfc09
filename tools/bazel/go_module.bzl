"""Repositories made from Go modules that hold Bazel rules.

A published module zip has no executable files and no vendor folder, so both
are put back here. The Go command on the host fetches the module; it keeps to
the usual settings (GOPROXY, GONOSUMDB and so on).
"""

def _find_go(ctx):
    found = ctx.which("go")
    if found:
        return found
    usual = ctx.path("/usr/local/go/bin/go")
    if usual.exists:
        return usual
    fail("Go is needed to fetch %s, and there is none in PATH or in /usr/local/go" % ctx.attr.importpath)

def _run(ctx, what, argv, env = {}):
    result = ctx.execute(argv, environment = env, timeout = 900)
    if result.return_code != 0:
        fail("%s %s@%s: %s%s" % (what, ctx.attr.importpath, ctx.attr.version, result.stdout, result.stderr))
    return result.stdout

def _go_module_archive_impl(ctx):
    go = _find_go(ctx)
    env = {"GO111MODULE": "on", "GOFLAGS": "", "GOWORK": "off"}
    module = "%s@%s" % (ctx.attr.importpath, ctx.attr.version)

    got = json.decode(_run(ctx, "fetch", [go, "mod", "download", "-json", module], env))
    if got.get("Sum") != ctx.attr.sum:
        fail("checksum of %s: want %s, have %s" % (module, ctx.attr.sum, got.get("Sum")))

    # The module cache is read-only; the copy must not be.
    _run(ctx, "copy", ["cp", "-R", got["Dir"] + "/.", "."])
    _run(ctx, "unlock", ["chmod", "-R", "u+w", "."])
    _run(ctx, "unlock", ["find", ".", "-name", "*.sh", "-exec", "chmod", "a+x", "{}", "+"])
    for patch in ctx.attr.patches:
        ctx.patch(patch, strip = 1)
    if ctx.attr.vendor:
        # Test-only imports of the module may be out of reach: -e.
        _run(ctx, "vendor", [go, "mod", "vendor", "-e"], env)

go_module_archive = repository_rule(
    implementation = _go_module_archive_impl,
    doc = "A Bazel repository with the contents of one Go module.",
    attrs = {
        "importpath": attr.string(mandatory = True, doc = "The module's path."),
        "patches": attr.label_list(doc = "Patches to apply, with -p1."),
        "sum": attr.string(mandatory = True, doc = "The module's h1: checksum, as go.sum has it."),
        "vendor": attr.bool(doc = "Fill the module's vendor folder as well."),
        "version": attr.string(mandatory = True, doc = "The module's version."),
    },
)
