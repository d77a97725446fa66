"""Where the product goes: text as it comes, JSON as one value at the end; everything else goes to stderr."""

import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TextIO

from reconciler.adapters.machine import is_inside, leaves_repository
from reconciler.app.request import FleetRequest, OutputOptions, OutputTarget
from reconciler.cli.clients import open_objects
from reconciler.cli.options import LOG_FORMAT
from reconciler.cli.streams import (
    CRASHED,
    IN_S3,
    OF_STEP,
    LineWriter,
    Log,
    Losses,
    Prefixed,
    StdoutLost,
    Told,
    check_stays_here,
    speak_utf8,
    write_to,
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


# A step of GitHub Actions: what it is told by way of files, and where its repository is.


def tell_step(run: Collected, code: int) -> None:
    """Give a job its outputs and its summary, where it says to which files; of many targets, what became of each."""
    from reconciler.report.ci import github_outputs, output_lines

    outputs = github_outputs(run.items, code)
    texts = (output_lines(outputs), render_markdown(run)) if outputs else ()
    for variable, text in zip(OF_STEP, texts, strict=False):
        if os.environ.get(variable):
            write_to(os.environ[variable], "a", text)


def repository() -> str:
    """Return the folder that other programs tell paths from: a job says so itself."""
    return os.path.realpath(os.environ.get("GITHUB_WORKSPACE") or ".")


Json = object
MakePage = Callable[[int], "Page"]


class Output:
    """Collects what a command produces for each of its targets."""

    def __init__(
        self,
        options: OutputOptions,
        *,
        several: bool = False,
        watch: "Watch | None" = None,
        reads_only: bool = False,
    ) -> None:
        targets = options.targets
        claimed = any(not target.file for target in targets)
        self._targets = targets if claimed else (OutputTarget("text", ""), *targets)
        self._options = options
        self._several = several
        self._watch = watch
        self.log = watch.log if watch else Log()
        self._documents: list[Json] = []
        self._pages: list[str] = []  # for files of text
        self._texts: list[str] = []
        self._items: list[Item] = []
        self._targets_told: Targets | None = None
        self._losses = Losses(reads_only)
        self._lines: LineWriter | Told = LineWriter(
            [target.file for target in targets if FORMATS[target.format].made_of is MadeOf.EVENTS], self._losses
        )
        self._whole: list[Json] = []
        self._unprinted: list[MakePage] = []  # what programs alone have got, until it turns out that they have not

    @classmethod
    def for_arguments(cls, argv: Sequence[str]) -> Self:
        """For arguments that could not be parsed: JSON is still owed to whoever asked for it."""
        words = "\0".join(argv)
        asked = re.search(r"(?:^|\0)(?:-o[\0=]?|--output[\0=])(jsonl?)(?:$|\0)", words)
        made = cls(OutputOptions(targets=(OutputTarget(asked[1], ""),) if asked else ()))
        format_ = re.search(r"(?:^|\0)--log-format[\0=](\w+)", words)
        made.log = Log(as_json=(format_[1] if format_ else os.environ.get(LOG_FORMAT)) == "json")
        return made

    def finish(self, code: int) -> int:
        """Write what is made of the run as a whole; return the exit code, which is an error if a report is lost."""
        self.ended(code)
        for target in self._targets:
            with self._losses.kept(target.file or "stdout"):
                self._write(target)
        if any(FORMATS[target.format].tells_step for target in self._targets):
            with self._losses.kept("the outputs of the step"):
                tell_step(self._collected(), code)
        self._report_losses(code)
        return self._losses.code(code)

    def changes(self) -> None:
        """From now on the run changes something: what cannot be written must neither stop it nor hide its outcome."""
        self._losses.has_changed = True

    def lost(self, stdout: StdoutLost) -> int:
        """Say why the run ends without its product. A reader who has seen enough needs no word of it."""
        if not stdout.is_unread:
            self.complain(Stopped(f"cannot write: {stdout}"))
        return Exit.ERROR

    def check_stays_here(self, sandbox: str | None) -> None:
        """Raises `WrongUsage` for a report that would leave the machine, though the run must not; it is not written."""
        try:
            check_stays_here(sandbox, self._targets)
        except WrongUsage:
            self._targets = tuple(target for target in self._targets if not target.file.startswith(IN_S3))
            raise

    def expect_several(self) -> None:
        """From now on JSON is an array, however many stacks it comes to: one argument may mean several."""
        self._several = True

    def branch(self, name: str) -> "Branch":
        """Return the output of one part of a run that others run beside; `join` tells what it has told."""
        branch = Branch(replace(self._options, targets=self._targets))
        branch.share(name, self._lines, self._losses, self.watch)
        branch.log = replace(self.log, target=name)
        return branch

    def join(self, branch: "Branch", heading: MakePage, *, is_news: bool) -> None:
        """Take what a part has come to: its pages only if they are news, what it is made of in any case."""
        self._items += branch.items
        self._unprinted += branch._unprinted  # noqa: SLF001 - it is one of us
        if not is_news:
            return
        self._keep(heading)
        if branch.pages:
            self._print(heading, branch.pages[0][1])
        for page, stream in branch.pages:
            self._print(page, stream)
        self._pages += branch._pages  # noqa: SLF001 - the same

    def whole(self, page: MakePage, document: Callable[[], Json], targets: "Targets | None" = None) -> None:
        """Take what all parts of a run have come to; as JSON and as Markdown it stands for them all."""
        self._targets_told = targets
        self._publish(page)
        if self._makes(MadeOf.DOCUMENTS):
            self._whole.append(_dated(document()))

    @property
    def watch(self) -> "Watch":
        """Who watches the command; before one runs, nobody does."""
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
    def is_text(self) -> bool:
        """Whether stdout is for people."""
        return any(target == OutputTarget("text", "") for target in self._targets)

    @property
    def err(self) -> "Console":
        return self._console(sys.stderr)

    def publish(self, page: MakePage, document: Callable[[], Json], item: "Item | None" = None) -> None:
        """Take one product; `item` is what formats for other programs make theirs of.

        Text is shown at once; what nobody asked for is not made.
        """
        self._publish(page)
        self.document(document)
        self.item(item)

    @property
    def items(self) -> "Sequence[Item]":
        return self._items

    @property
    def documents(self) -> Sequence[Json]:
        return self._documents

    def item(self, item: "Item | None") -> None:
        """Take what a stack has come to, for formats for other programs alone."""
        if item is not None:
            self._items.append(item)

    def document(self, document: Callable[[], Json]) -> None:
        """Take a product that only programs read: for those that follow, it is the last of all events."""
        if self._makes(MadeOf.DOCUMENTS):
            self._documents.append(_dated(document()))
        if self._makes(MadeOf.EVENTS):
            made = document()
            assert isinstance(made, Mapping)  # of a run it always is
            self._lines.write({"event": "outcome", **made})

    def ended(self, code: int) -> None:
        """Write the exit code of a stack, or of the run, into its documents."""
        for document in self._documents:
            if isinstance(document, dict) and document.get("exit", code) is None:
                document["exit"] = int(code)

    def event(self, event: Callable[[], Mapping[str, Json]]) -> None:
        """Take what happens on the way, for programs that follow: one line at once. Safe between threads."""
        if self._makes(MadeOf.EVENTS):
            self._lines.write(event())

    def show(self, page: MakePage) -> None:
        """Take text alone: on stdout, or, if that is for a program, on stderr."""
        if self.is_text:
            self._print(page, sys.stdout)
        else:
            self.tell(page)
        self._keep(page)

    def publish_text(self, text: str, document: Callable[[], Json], *, is_data: bool = False) -> None:
        """Take text that keeps its lines: a list, a diagram. Data (YAML, JSON) stays as it is, for programs."""
        self._texts.append(text if is_data else harmless_text(text))
        self.document(document)

    def tell(self, page: MakePage) -> None:
        """Say something on stderr."""
        if self.log.as_json:
            from reconciler.report.text.page import PIPE_WIDTH

            self.log.write("", {"event": "message", "message": page(PIPE_WIDTH).plain.strip()})
        else:
            self._print(page, sys.stderr)

    def notice(self, text: str) -> None:
        """Say on stderr at once how the run stands."""
        self.log.write(text, {"event": "message", "message": text})

    def complain(self, stopped: Stopped, told: "tuple[PresentedProblem, ...]" = ()) -> None:
        """Say on stderr what is wrong; problems that the reader has been `told` are not repeated."""
        from reconciler.redact.presented import present_stopped
        from reconciler.report.json import complaint_json
        from reconciler.report.text.page import stopped_page

        shown = present_stopped(stopped)
        if self.log.as_json:
            self.log.write("", complaint_json(shown, told), "error")
        else:
            self.tell(lambda width: stopped_page(shown, width, told))

    def stopped(
        self,
        stopped: Stopped,
        *,
        told: "tuple[PresentedProblem, ...]" = (),
        item: "Item | None" = None,
        **more: Json,
    ) -> None:
        """Say on stderr what stopped us; problems that the reader has been `told` are not repeated there.

        `item` stands for it where the stack has come to more than that.
        """
        from reconciler.redact.presented import present_stopped
        from reconciler.report.json import stopped_json

        self.complain(stopped, told)
        shown = present_stopped(stopped)
        self.document(lambda: {**stopped_json(shown), **more})
        self.item(item or shown)

    def failed(self, error: CloudError, code: Exit) -> None:
        from reconciler.redact.presented import present_failure, present_stopped
        from reconciler.report.json import failed_json

        stopped = Stopped(error.told, hint=error.hint)
        self.complain(stopped)
        self.document(lambda: failed_json(present_failure(error, code)))
        self.item(present_stopped(stopped))

    def crashed(self, error: Exception) -> None:
        if self.verbose:
            trace = "".join(traceback.format_exception(error))
            self.log.write(trace.splitlines(), {"event": "traceback", "message": trace}, "debug")
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        self.stopped(Stopped(text, hint="" if self.verbose else CRASHED))

    def wants(self, format_: str) -> bool:
        return any(target.format == format_ for target in self._targets)

    def _makes(self, what: MadeOf) -> bool:
        return any(FORMATS[target.format].made_of is what for target in self._targets)

    def _publish(self, page: MakePage) -> None:
        if self.is_text:
            self._print(page, sys.stdout)
        else:
            self._unprinted.append(page)
        self._keep(page)

    def _keep(self, page: MakePage) -> None:
        if any(target.format == "text" and target.file for target in self._targets):
            from reconciler.report.text.page import PIPE_WIDTH

            self._pages.append(page(PIPE_WIDTH).plain)

    def _print(self, page: MakePage, stream: TextIO) -> None:
        """Print text; what stdout cannot take goes to stderr. A stderr that is lost stops nothing."""
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

        write_page(page, stream, color=self._options.has_color)
        stream.flush()  # whether there is room for it is known before anything is changed

    def _console(self, stream: TextIO) -> "Console":
        from reconciler.report.text.page import console_for

        return console_for(stream, color=self._options.has_color)

    def _write(self, target: OutputTarget) -> None:
        format_, file = target
        row = FORMATS[format_]
        if row.render is None:  # written as it came
            return
        text = row.harmless(row.render(self._collected(self._pages if file else ())))
        if file.startswith(IN_S3):
            open_objects(self._watch or UNOBSERVED).put(file, text.encode(errors="backslashreplace"))
        elif file:
            write_to(file, "w", text)
        elif text:
            self._write_stdout(text)

    def _write_stdout(self, text: str) -> None:
        try:
            speak_utf8(sys.stdout)
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            self._losses.lose_stdout(error)

    def _report_losses(self, code: int) -> None:
        """Say what is lost, and that the work is not: the outcome is there as text."""
        found, has_changed = self._losses.found, self._losses.has_changed
        if found and has_changed:
            for page in self._unprinted:
                self._print(page, sys.stderr)
            applied = "The changes were applied" if code == Exit.DONE else "The changes were applied as far as it says"
            found[-1].hint = f"the outcome is printed above. {applied}; only the report is missing"
        for stopped in found:
            self.complain(stopped)

    def _collected(self, pages: Sequence[str] = ()) -> Collected:
        return Collected(
            items=self._items,
            documents=self._whole or self._documents,
            is_several=self._several and not self._whole,
            targets=self._targets_told,
            texts=self._texts,
            pages=pages,
            root=repository,
        )


class Branch(Output):
    """What one part of a run produces, kept until it is its turn: parts that run side by side must not mix.

    `has_begun` is set once the part changes something: from then on, a run that ends waits for it.
    """

    has_begun = False

    def share(self, name: str, lines: "LineWriter | Told", losses: Losses, watch: "Watch") -> None:
        self._name = name
        self._watch = watch
        self._lines = Told(lines, name)
        self._losses = losses
        self.pages: list[tuple[MakePage, TextIO]] = []

    def begin(self) -> None:
        """From now on this part is watched by itself."""
        self._watch = self.watch.target(self._name)

    def changes(self) -> None:
        self.has_begun = True
        super().changes()

    @property
    def err(self) -> "Console":
        """Progress is told at once, each line with the part's name in front."""
        return self._console(Prefixed(sys.stderr, f"{harmless_line(self._name)}: "))

    def _print(self, page: MakePage, stream: TextIO) -> None:
        self.pages.append((page, stream))


def _dated(document: Json) -> Json:
    """Return a document with the present time, if it is one of ours: a list of what was done, or a schema, is none."""
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
    there = [file for file in files if Path(file).is_file() or _is_same(sandbox, file)]
    inputs = list(_inputs(fleet)) if there else []
    for file in there:
        what = next((what for path, what in inputs if _is_same(path, file)), "") or _part(file, inputs, fleet.command)
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
        return  # the run itself tells what is wrong with the file


def _of_deployments(fleet: FleetRequest) -> Iterator[tuple[Path, str]]:
    from reconciler.cli.fleet import read_deployments

    deployments = read_deployments(fleet)
    yield from ((Path(file), "a file of values") for file in deployments.variable_files)
    yield from ((Path(deployments.path(target)), "a stack") for target in deployments.targets)


def _part(file: str, inputs: Inputs, command: str) -> str:
    """Return what a file is to a stack, be it one of the run or not; nothing if none needs it.

    What `render` has written before is a stack, too, and is written again.
    """
    from reconciler.adapters.machine import SUFFIXES, DiskFiles
    from reconciler.load import files_used, is_of_stack

    if command != "render" and file.endswith(SUFFIXES) and is_of_stack(DiskFiles(file)):
        return "a file of a stack"
    folders = {Path(path) for path, _ in inputs if Path(path).is_dir() and is_inside(Path(file), Path(path))}
    used = (folder / name for folder in folders for name in files_used(DiskFiles(str(folder))))
    return "a file of the stack" if any(_is_same(path, file) for path in used) else ""


def _is_same(one: str | Path, other: str) -> bool:
    """Whether two paths lead to one file, be it one that the run makes, as it does of a sandbox."""
    if Path(one).exists() and Path(other).exists():
        return Path(one).samefile(other)
    return bool(one) and Path(one).resolve() == Path(other).resolve()


def drift_in(file: str) -> "Fleet":
    """Return what a file of `drift -o json=FILE` says of each deployment. Raises `WrongUsage`."""
    from reconciler.report.documents import Unreadable, parsed, read_drift

    try:
        return read_drift(parsed(Path(file).read_bytes()))
    except OSError as error:
        raise WrongUsage(f"cannot read {file}: {error.strerror}") from error
    except Unreadable as error:
        hint = "it requires a document written by `drift -o json=FILE`"
        raise WrongUsage(f"{file} is not a drift document: {error}", hint=hint) from error
