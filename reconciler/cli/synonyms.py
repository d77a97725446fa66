"""What users of other tools type, and its name here. It is named, not obeyed: words differ in what they do."""

from collections.abc import Mapping

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("diff", "preview", "changes", "dry-run", "dryrun", "whatif", "what-if"), "plan"),
    **dict.fromkeys(("up", "deploy", "sync", "create", "update", "push", "rollout"), "apply"),
    **dict.fromkeys(("refresh", "detect-drift", "detect"), "drift"),
    **dict.fromkeys(("delete", "down", "remove", "rm", "teardown"), "destroy"),
    **dict.fromkeys(("lint", "check", "test"), "validate"),
    **dict.fromkeys(("format", "prettier"), "fmt"),
    **dict.fromkeys(("list", "ls", "get", "describe", "state", "ps", "health"), "status"),
    **dict.fromkeys(("show", "synth", "template", "build", "dump", "config"), "render"),
    **dict.fromkeys(("new", "bootstrap", "scaffold"), "init"),
    **dict.fromkeys(("output", "export"), "outputs"),
    **dict.fromkeys(("history", "log", "versions"), "revisions"),
    **dict.fromkeys(("undo", "revert"), "rollback"),
    **dict.fromkeys(("unlock",), "force-unlock"),
    **dict.fromkeys(("docs", "man", "rules"), "explain"),
    **dict.fromkeys(("policy", "iam"), "iam-policy"),
    **dict.fromkeys(("troubleshoot", "debug", "diagnose", "verify"), "doctor"),
    **dict.fromkeys(("dag", "deps"), "graph"),
    **dict.fromkeys(("untrack", "release"), "forget"),
    **dict.fromkeys(("local", "mock", "simulate"), "sandbox"),
}
OPTIONS: Mapping[str, str] = {
    **dict.fromkeys(("--out", "-out"), "write -o json={value} to keep a plan, and `apply {value}` to apply it"),
    **dict.fromkeys(("--json", "-json"), "write -o json, or -o json=FILE"),
    **dict.fromkeys(("--format",), "write -o {value}, or -o {value}=FILE"),
    **dict.fromkeys(
        ("-y", "--approve", "--assume-yes", "-auto-approve", "--no-confirm", "--force"), "did you mean --yes?"
    ),
    **dict.fromkeys(("-q", "--quiet", "--silent"), "drop it: without -v, only results and problems are printed"),
    **dict.fromkeys(
        ("--dry-run", "--dryrun", "--diff", "--preview", "--check"), "run `reconciler plan`: it changes nothing"
    ),
    **dict.fromkeys(
        ("--refresh-only", "-refresh-only", "--refresh", "-refresh"), "run `reconciler drift`: every plan reads live"
    ),
    **dict.fromkeys(("--destroy", "-destroy"), "run `reconciler destroy`"),
    **dict.fromkeys(("-var",), "did you mean --var?"),
    **dict.fromkeys(("-var-file",), "did you mean --var-file?"),
    **dict.fromkeys(("-target",), "did you mean --target?"),
    **dict.fromkeys(("-parallelism", "--jobs", "-j"), "did you mean --parallelism?"),
    **dict.fromkeys(
        ("-f", "--file", "--stack", "--stack-name", "--config", "--chdir", "-chdir"),
        "name the folder or the file of the stack, without an option",
    ),
    **dict.fromkeys(("--debug", "--trace"), "did you mean -v?"),
    **dict.fromkeys(("-help", "-?"), "did you mean --help?"),
}
