"""Where results go: text as it comes, JSON as one value at the end; everything else goes to stderr."""

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.adapters.machine import is_inside, leaves_repository
from reconciler.app.request import FleetRequest, OutputOptions, OutputTarget
from reconciler.cli.clients import open_objects
from reconciler.cli.options import LOG_FORMAT
from reconciler.cli.streams import (
    BUG_HINT,
    IN_S3,
    OF_STEP,
    DeploymentLines,
    LineWriter,
    Log,
    Losses,
    PrefixedStream,
    StdoutLost,
    are_shown_together,
    check_stays_local,
    use_utf8,
    write_to,
    write_whole,
)
from reconciler.ports import UNOBSERVED
from reconciler.printable import harmless_line, harmless_text
from reconciler.problems import CloudError, Exit, Stopped, WrongUsage
from reconciler.report.formats import FORMATS, Collected, MadeOf, render_markdown

if TYPE_CHECKING:
    from rich.console import Console

    from reconciler.cli.observer import Watch
    from reconciler.redact.presented import PresentedProblem
    from reconciler.report.fleet import Fleet, Targets
    from reconciler.report.results import Item
    from reconciler.report.text.page import Page


# A step of GitHub Actions: the files through which it passes values on, and the root of its repository.


def write_step_files(run: Collected, code: int) -> None:
    """Write the outputs and the summary of a job, for a fleet those of each deployment, if it names files for them."""
    from reconciler.report.ci import github_outputs, output_lines

    outputs = github_outputs(run.items, code)
    texts = (output_lines(outputs), render_markdown(run)) if outputs else ()
    for variable, text in zip(OF_STEP, texts, strict=False):
        if os.environ.get(variable):
            write_to(os.environ[variable], "a", (text,))


def repository_root() -> str:
    """Return the folder to which other programs take paths as relative: a job names it."""
    return os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or ".")


Json = object
MakePage = Callable[[int], "Page"]


class Output:
    """Collects the results of a command, and writes them in each requested format."""

    def __init__(
        self,
        options: OutputOptions,
        *,
        several: bool = False,
        watch: "Watch | None" = None,
        reads_only: bool = False,
    ) -> None:
        targets = options.targets
        is_stdout_taken = any(not target.file for target in targets)
        self._targets = targets if is_stdout_taken else (OutputTarget("text", ""), *targets)
        self._options = options
        self._several = several
        self._watch = watch
        self.log = watch.log if watch else Log()
        self._documents: list[Json] = []
        self._pages: list[str] = []  # for files of text
        self._texts: list[str] = []
        self._items: list[Item] = []
        self._deployments: Targets | None = None
        self._losses = Losses(reads_only)
        self._lines: LineWriter | DeploymentLines = LineWriter(
            [target.file for target in targets if FORMATS[target.format].made_of is MadeOf.EVENTS], self._losses
        )
        self._combined: list[Json] = []
        self._pages_unprinted: list[MakePage] = []  # shown if their formats for programs cannot be written

    @classmethod
    def for_arguments(cls, argv: Sequence[str]) -> Self:
        """Return an output for arguments that could not be parsed; JSON is written if they ask for it."""
        words = "\0".join(argv)
        asked = re.search(r"(?:^|\0)(?:-o[\0=]?|--output[\0=])(jsonl?)(?:$|\0)", words)
        made = cls(OutputOptions(targets=(OutputTarget(asked[1], ""),) if asked else ()))
        format_ = re.search(r"(?:^|\0)--log-format[\0=](\w+)", words)
        made.log = Log(as_json=(format_[1] if format_ else os.environ.get(LOG_FORMAT)) == "json")
        return made

    def finish(self, code: int) -> int:
        """Write what is made of the whole run; return the exit code, which is an error if a report is lost."""
        self.set_exit_code(code)
        for target in self._targets:
            with self._losses.collecting(target.file or "stdout"):
                self._write(target)
        if any(FORMATS[target.format].tells_step for target in self._targets):
            with self._losses.collecting("the outputs of the step"):
                write_step_files(self._collected(), code)
        self._report_losses(code)
        return self._losses.code(code)

    def begin_changes(self) -> None:
        """From now on the run changes something: what cannot be written must neither stop it nor hide its outcome."""
        self._losses.has_changed = True

    def report_lost_stdout(self, stdout: StdoutLost) -> int:
        """Report why the run ends without a result. A reader that closed the pipe itself gets no message."""
        if not stdout.is_unread:
            self.report_problem(Stopped(f"cannot write: {stdout}"))
        return Exit.ERROR

    def check_stays_local(self, sandbox: str | None) -> None:
        """Raises `WrongUsage` for a report that would leave the machine, though the run must not; it is not written."""
        try:
            check_stays_local(sandbox, self._targets)
        except WrongUsage:
            self._targets = tuple(target for target in self._targets if not target.file.startswith(IN_S3))
            raise

    def expect_several(self) -> None:
        """From now on JSON is an array, also for a single stack: one argument may mean several."""
        self._several = True

    def branch(self, name: str) -> "Branch":
        """Return the output of one part of a run beside others; `join` prints what it has collected."""
        branch = Branch(replace(self._options, targets=self._targets))
        branch.share(name, self._lines, self._losses, self.watch)
        branch.log = replace(self.log, target=name)
        return branch

    def join(self, branch: "Branch", heading: MakePage, *, is_news: bool, is_printed: bool = False) -> None:
        """Add the results of a part; its pages are printed only if they are news, and none that reads the same is."""
        self._items += branch.items
        self._pages_unprinted += branch._pages_unprinted  # noqa: SLF001 - the same class
        if not is_news:
            return
        self._keep_for_files(heading)
        if branch.pages:
            self._print(heading, branch.pages[0][1])
        if is_printed:
            return
        for page, stream in branch.pages:
            self._print(page, stream)
        self._pages += branch._pages  # noqa: SLF001 - the same class

    def publish_combined(self, page: MakePage, document: Callable[[], Json], targets: "Targets | None" = None) -> None:
        """Add the combined result of all parts; in JSON and Markdown it replaces those of the parts."""
        self._deployments = targets
        self._publish(page)
        if self._needs(MadeOf.DOCUMENTS):
            self._combined.append(_dated(document()))

    @property
    def watch(self) -> "Watch":
        """Return the observer of the command, which exists while it runs."""
        assert self._watch is not None
        return self._watch

    @property
    def verbose(self) -> int:
        return self._options.verbose

    @property
    def reads_only(self) -> bool:
        """Whether the report is all that the command is for."""
        return self._losses.reads_only

    @property
    def prints_text(self) -> bool:
        """Whether stdout is for people."""
        return any(target == OutputTarget("text", "") for target in self._targets)

    @property
    def is_followed(self) -> bool:
        """Whether what is printed stands below the progress of the run, and is in no file without it."""
        if self.log.as_json or any(target.format == "text" and target.file for target in self._targets):
            return False
        return not self.prints_text or are_shown_together(sys.stdout, sys.stderr)

    @property
    def stderr(self) -> "Console":
        return self._console(sys.stderr)

    def publish(self, page: MakePage, document: Callable[[], Json], item: "Item | None" = None) -> None:
        """Add one result; formats for other programs are made of `item`.

        Text is printed at once; formats that are not requested are not made.
        """
        self._publish(page)
        self.add_document(document)
        self.add_item(item)

    @property
    def items(self) -> "Sequence[Item]":
        return self._items

    @property
    def documents(self) -> Sequence[Json]:
        return self._documents

    def add_item(self, item: "Item | None") -> None:
        """Add the result of a stack for the formats of other programs alone."""
        if item is not None:
            self._items.append(item)

    def add_document(self, document: Callable[[], Json]) -> None:
        """Add a result that only programs read; in JSON Lines it is the last event."""
        if self._needs(MadeOf.DOCUMENTS):
            self._documents.append(_dated(document()))
        if self._needs(MadeOf.EVENTS):
            made = document()
            assert isinstance(made, Mapping)  # as always for a run
            self._lines.write({"event": "outcome", **made})

    def set_exit_code(self, code: int) -> None:
        """Write the exit code of a stack, or of the run, into its documents."""
        for document in self._documents:
            if isinstance(document, dict) and document.get("exit", code) is None:
                document["exit"] = int(code)

    def write_event(self, event: Callable[[], Mapping[str, Json]]) -> None:
        """Write an event of the run as JSON Lines, at once. Safe between threads."""
        if self._needs(MadeOf.EVENTS):
            self._lines.write(event())

    def print_line(self, text: str) -> None:
        """Print a line of a result on stdout at once, if that is for people; `text` must be harmless."""
        if self.prints_text:
            self._print(lambda width: _line_page(text, width), sys.stdout)
        self._keep_for_files(lambda width: _line_page(text, width))

    def publish_page(self, page: MakePage) -> None:
        """Print a page on stdout, or on stderr if stdout is for a program."""
        if self.prints_text:
            self._print(page, sys.stdout)
        else:
            self.print_to_stderr(page)
        self._keep_for_files(page)

    def publish_text(self, text: str, document: Callable[[], Json], *, is_data: bool = False) -> None:
        """Add text that keeps its lines: a list, a diagram. Data (YAML, JSON) is not altered."""
        self._texts.append(text if is_data else harmless_text(text))
        self.add_document(document)

    def print_to_stderr(self, page: MakePage) -> None:
        """Print a page on stderr."""
        if self.log.as_json:
            from reconciler.report.text.page import PIPE_WIDTH

            self.log.write("", {"event": "message", "message": page(PIPE_WIDTH).plain.strip()})
        else:
            self._print(page, sys.stderr)

    def print_notice(self, text: str) -> None:
        """Print a line about the progress of the run on stderr, at once."""
        self.log.write(text, {"event": "message", "message": text})

    def report_problem(self, stopped: Stopped, already_shown: "tuple[PresentedProblem, ...]" = ()) -> None:
        """Print a problem on stderr, without the problems that are `already_shown`."""
        from reconciler.redact.presented import present_stopped
        from reconciler.report.json import complaint_json
        from reconciler.report.text.page import stopped_page

        shown = present_stopped(stopped)
        if self.log.as_json:
            self.log.write("", complaint_json(shown, already_shown), "error")
        else:
            self.print_to_stderr(lambda width: stopped_page(shown, width, already_shown))

    def report_stopped(
        self,
        stopped: Stopped,
        *,
        already_shown: "tuple[PresentedProblem, ...]" = (),
        item: "Item | None" = None,
        **more: Json,
    ) -> None:
        """Print on stderr why a stack stopped, without the problems that are `already_shown`.

        `item` replaces it in formats for other programs if there is more to report.
        """
        from reconciler.redact.presented import present_stopped
        from reconciler.report.json import stopped_json

        self.report_problem(stopped, already_shown)
        shown = present_stopped(stopped)
        self.add_document(lambda: {**stopped_json(shown), **more})
        self.add_item(item or shown)

    def report_cloud_error(self, error: CloudError, code: Exit) -> None:
        from reconciler.redact.presented import present_failure, present_stopped
        from reconciler.report.json import failed_json

        stopped = Stopped(error.told, hint=error.hint)
        self.report_problem(stopped)
        self.add_document(lambda: failed_json(present_failure(error, code)))
        self.add_item(present_stopped(stopped))

    def report_crash(self, error: Exception) -> None:
        if self.verbose:
            trace = "".join(traceback.format_exception(error))
            self.log.write(trace.splitlines(), {"event": "traceback", "message": trace}, "debug")
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.report_stopped(Stopped(text, hint="" if self.verbose else BUG_HINT))

    def has_format(self, format_: str) -> bool:
        return any(target.format == format_ for target in self._targets)

    def _needs(self, what: MadeOf) -> bool:
        return any(FORMATS[target.format].made_of is what for target in self._targets)

    def _publish(self, page: MakePage) -> None:
        if self.prints_text:
            self._print(page, sys.stdout)
        else:
            self._pages_unprinted.append(page)
        self._keep_for_files(page)

    def _keep_for_files(self, page: MakePage) -> None:
        if any(target.format == "text" and target.file for target in self._targets):
            from reconciler.report.text.page import PIPE_WIDTH

            self._pages.append(page(PIPE_WIDTH).plain)

    def _print(self, page: MakePage, stream: TextIO) -> None:
        """Print text; if stdout cannot be written, on stderr. A stderr that cannot be written stops nothing."""
        if stream is sys.stdout:
            stream = sys.stderr if self._losses.is_stdout_lost else stream
        try:
            self._show(page, stream)
        except OSError as error:
            if stream is sys.stdout:
                self._losses.lose_stdout(error)
                self._print(page, sys.stderr)

    def _show(self, page: MakePage, stream: TextIO) -> None:
        from reconciler.report.text.page import write_page

        with self.log.room():
            write_page(page, stream, color=self._options.has_color)
            stream.flush()  # whether there is room for it is known before anything is changed

    def _console(self, stream: TextIO) -> "Console":
        from reconciler.report.text.page import console_for

        return console_for(stream, color=self._options.has_color)

    def _write(self, target: OutputTarget) -> None:
        format_, file = target
        row = FORMATS[format_]
        if row.render is None:  # written line by line
            return
        rendered = row.render(self._collected(self._pages if file else ()))
        pieces = map(row.harmless, (rendered,) if isinstance(rendered, str) else rendered)
        if file.startswith(IN_S3):
            open_objects(self._watch or UNOBSERVED).put(file, "".join(pieces).encode(errors="backslashreplace"))
        elif file:
            write_whole(file, pieces)
        else:
            self._write_stdout(pieces)

    def _write_stdout(self, pieces: Iterable[str]) -> None:
        try:
            use_utf8(sys.stdout)
            with self.log.room():
                sys.stdout.writelines(pieces)
                sys.stdout.flush()
        except OSError as error:
            self._losses.lose_stdout(error)

    def _report_losses(self, code: int) -> None:
        """Report the results that could not be written, and print the outcome as text instead."""
        failures, has_changed = self._losses.failures, self._losses.has_changed
        if failures and has_changed:
            for page in self._pages_unprinted:
                self._print(page, sys.stderr)
            applied = "The changes were applied" if code == Exit.DONE else "The changes were applied as far as it says"
            failures[-1].hint = f"the outcome is printed above. {applied}; only the report is missing"
        for stopped in failures:
            self.report_problem(stopped)

    def _collected(self, pages: Sequence[str] = ()) -> Collected:
        return Collected(
            items=self._items,
            documents=self._combined or self._documents,
            is_several=self._several and not self._combined,
            targets=self._deployments,
            texts=self._texts,
            pages=pages,
            root=repository_root,
        )


class Branch(Output):
    """The output of one part of a run, kept until its turn: parts that run side by side must not mix.

    `has_begun` is set once the part changes something: from then on, a run that ends waits for it.
    """

    has_begun = False

    def share(self, name: str, lines: "LineWriter | DeploymentLines", losses: Losses, watch: "Watch") -> None:
        self._name = name
        self._watch = watch
        self._lines = DeploymentLines(lines, name)
        self._losses = losses
        self.pages: list[tuple[MakePage, TextIO]] = []

    def begin(self) -> None:
        """From now on this part has an observer of its own."""
        self._watch = self.watch.target(self._name)

    def begin_changes(self) -> None:
        self.has_begun = True
        super().begin_changes()

    @property
    def stderr(self) -> "Console":
        """Progress is printed at once, each line with the name of the part."""
        return self._console(PrefixedStream(sys.stderr, f"{harmless_line(self._name)}: "))

    def _print(self, page: MakePage, stream: TextIO) -> None:
        self.pages.append((page, stream))


def _line_page(text: str, width: int) -> "Page":
    from reconciler.report.text.page import Page

    page = Page(width)
    page.whole(text)
    return page


def _dated(document: Json) -> Json:
    """Return a document with the present time if it is one of ours; a list or a schema is not."""
    from reconciler.adapters import machine
    from reconciler.report.json import stamped

    if isinstance(document, Mapping) and "format_version" in document:
        return stamped(document, machine.utc_now())
    return document


# No output overwrites a file that the run reads: `plan stack.yaml -o json=stack.yaml` would destroy the stack.

Inputs = Sequence[tuple[str | Path, str]]
HINT = "write it to a separate file, for example -o json=plan.json"


def check_outputs(targets: Sequence[OutputTarget], fleet: FleetRequest) -> None:
    """Raise `WrongUsage` for a file of -o that is read, that is part of a stack, or that is a link out of here."""
    files = [target.file for target in targets if target.file and not target.file.startswith(IN_S3)]
    sandbox = fleet.stack.place.sandbox or ""
    for file in (*files, *filter(None, [sandbox])):
        if leaves_repository(Path(file)):
            raise WrongUsage(
                f"{file} is a symbolic link that leaves the repository",
                hint="remove the link, or name a different file",
            )
    there = [file for file in files if Path(file).is_file() or _is_same_file(sandbox, file)]
    inputs = list(_inputs(fleet)) if there else []
    for file in there:
        what = next((what for path, what in inputs if _is_same_file(path, file)), "") or _describe_stack_file(
            file, inputs, fleet.command
        )
        if what:
            raise WrongUsage(f"{file} is {what}: the output would overwrite it", hint=HINT)


def _inputs(fleet: FleetRequest) -> Iterator[tuple[str | Path, str]]:
    """Yield the files that options and arguments name, with what they are."""
    yield from ((file, "a file of values") for file in fleet.stack.variable_files)
    yield fleet.stack.place.sandbox or "", "the state of the sandbox"
    yield from ((path, "an input of this run") for path in fleet.paths)
    if fleet.file is None:
        return
    yield fleet.file, "the file of deployments"
    try:
        yield from _of_deployments(fleet)
    except Stopped:
        return  # the run itself reports what is wrong with the file


def _of_deployments(fleet: FleetRequest) -> Iterator[tuple[Path, str]]:
    from reconciler.cli.fleet import read_deployment_file

    deployment_file = read_deployment_file(fleet)
    yield from ((Path(file), "a file of values") for file in deployment_file.variable_files)
    yield from ((Path(deployment_file.path(target)), "a stack") for target in deployment_file.deployments)


def _describe_stack_file(file: str, inputs: Inputs, command: str) -> str:
    """Return how a stack uses a file; empty if no stack needs it. A file that `render` wrote may be overwritten."""
    from reconciler.adapters.machine import SUFFIXES, DiskFiles
    from reconciler.load import files_used, is_of_stack

    if command != "render" and file.endswith(SUFFIXES) and is_of_stack(DiskFiles(file)):
        return "a file of a stack"
    folders = {Path(path) for path, _ in inputs if Path(path).is_dir() and is_inside(Path(file), Path(path))}
    used = (folder / name for folder in folders for name in files_used(DiskFiles(str(folder))))
    return "a file of the stack" if any(_is_same_file(path, file) for path in used) else ""


def _is_same_file(one: str | Path, other: str) -> bool:
    """Whether two paths lead to one file, which may not exist yet."""
    if Path(one).exists() and Path(other).exists():
        return Path(one).samefile(other)
    return bool(one) and Path(one).resolve() == Path(other).resolve()


def read_drift_document(file: str) -> "Fleet":
    """Return the drift of each deployment from a file of `drift -o json=FILE`. Raises `WrongUsage`."""
    from reconciler.report.documents import Unreadable, parsed, read_drift

    try:
        return read_drift(parsed(Path(file).read_bytes()))
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    except Unreadable as error:
        hint = "it requires a document written by `drift -o json=FILE`"
        raise WrongUsage(f"{file} is not a drift document: {error}", hint=hint) from error
