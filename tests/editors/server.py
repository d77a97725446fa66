"""The YAML language server, which most editors use, spoken to as an editor does: JSON-RPC over its stdin and stdout.

https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Self

from reconciler.model import Json

PACKAGE = "yaml-language-server"
VERSION = "1.25.0"
FOLDER = Path(__file__).parents[2] / ".cache" / "editors"
PROGRAM = FOLDER / "node_modules" / PACKAGE / "bin" / PACKAGE
PATIENCE = 60.0  # seconds for one answer, on a busy machine
QUIET = {"schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False}}  # it would ask the network
ABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {"completionItem": {}}},
}


class LanguageServer:
    """`settings` are those of an editor, such as `{"yaml.customTags": [...]}`; `root` is the folder that is open."""

    def __init__(self, root: Path, settings: Mapping[str, Json]) -> None:
        yaml = {name.removeprefix("yaml."): value for name, value in settings.items()}
        self._settings = {"yaml": {"validate": True, "hover": True, "completion": True, **QUIET, **yaml}}
        self._root = root
        self._asked = 0
        self._found: dict[str, list[Json]] = {}
        self._came: Queue[Json] = Queue()

    def __enter__(self) -> Self:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(["node", PROGRAM, "--stdio"], **pipes)  # type: ignore[call-overload]
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self._ask("initialize", processId=None, rootUri=self._root.as_uri(), capabilities=ABILITIES,
                  workspaceFolders=[{"uri": self._root.as_uri(), "name": "stack"}])  # fmt: skip
        self._say("initialized")
        self._say("workspace/didChangeConfiguration", settings=self._settings)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._listener.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def open(self, texts: Mapping[Path, str]) -> dict[Path, list[tuple[int, str]]]:
        """Return the lines, from 1, of what is wrong in each file, with what is said of it. Each file is opened once."""
        for path, text in texts.items():
            document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
            self._say("textDocument/didOpen", textDocument=document)
        wanted = {path.as_uri() for path in texts}
        self._wait(lambda _message: wanted <= self._found.keys())
        return {path: [_told(one) for one in self._found[path.as_uri()]] for path in texts}

    def hover(self, path: Path, line: int, column: int) -> str:
        """Return what is shown at a place, both counted from 1."""
        answer = self._at("textDocument/hover", path, line, column)
        return answer["contents"]["value"] if answer else ""

    def completions(self, path: Path, line: int, column: int) -> set[str]:
        return {item["label"] for item in self._at("textDocument/completion", path, line, column)["items"]}

    def _at(self, method: str, path: Path, line: int, column: int) -> Json:
        place = {"line": line - 1, "character": column - 1}
        return self._ask(method, textDocument={"uri": path.as_uri()}, position=place)

    def _ask(self, method: str, **params: Json) -> Json:
        self._asked += 1
        asked = self._asked
        self._send({"id": asked, "method": method, "params": params})
        answer = self._wait(lambda message: message.get("id") == asked and "method" not in message)
        assert "error" not in answer, answer
        return answer["result"]

    def _say(self, method: str, **params: Json) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _wait(self, is_it: Callable[[Json], bool]) -> Json:
        """Return the first message that is it; what comes before is answered or kept. Raises `Empty`."""
        while True:
            message = self._came.get(timeout=PATIENCE)
            if message.get("method") == "textDocument/publishDiagnostics":
                self._found[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif message.get("method") == "workspace/configuration":
                sections = [item["section"] for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": [self._settings.get(section, {}) for section in sections]})
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            if is_it(message):
                return message

    def _listen(self) -> None:
        for message in self._messages():
            self._came.put(message)

    def _messages(self) -> Iterator[Json]:
        while header := self._process.stdout.readline():
            if header.lower().startswith(b"content-length:"):
                size = int(header.split(b":")[1])
                while self._process.stdout.readline().strip():
                    pass
                yield json.loads(self._process.stdout.read(size))


def _told(diagnostic: Json) -> tuple[int, str]:
    return diagnostic["range"]["start"]["line"] + 1, diagnostic["message"]
