"""A domain's XML as it lies on this machine: its name and type, and another name put in."""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from hvconsole.model.problem import UsageProblem
from hvconsole.model.text import plain

MOST_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be known of a domain's XML.

    Attributes:
        content: It all.
        kind: ``kvm``, ``qemu`` (emulated), …
        name: The domain's.
        files: Kernel, initrd and other files that it names; they must lie on the board.
    """

    content: bytes
    kind: str
    name: str
    files: tuple[str, ...]


def read(content: bytes, source: str, *, name: str = "") -> Document:
    """Read a domain's XML, and give the domain another name if one is said.

    A renamed domain loses its UUID: two must not have the same.

    Raises:
        UsageProblem: It is too large, no XML, no domain, or names nothing.
    """
    if len(content) > MOST_BYTES:
        raise UsageProblem(f"{plain(source, 80)} is too large for a domain's XML")
    reader = _Reader(source)
    reader.parse(content)
    if reader.root != "domain":
        raise UsageProblem(
            f"{plain(source, 80)} is no domain's XML: it begins with <{plain(reader.root, 40)}>",
            hint="begin with one of cells/kvm, or with what virsh dumpxml says",
        )
    if not reader.name and not name:
        raise UsageProblem(f"{plain(source, 80)} names no domain", hint="add <name>…</name>")
    if name and reader.name_at is None:
        raise UsageProblem(f"{plain(source, 80)} has no name to replace", hint="add <name>…</name>")
    if name and name != reader.name:
        content = _renamed(content, reader, name)
    return Document(content, reader.kind, name or reader.name, tuple(reader.files))


def _renamed(content: bytes, reader: _Reader, name: str) -> bytes:
    spans = [(reader.name_at, f"<name>{name}</name>".encode()), (reader.uuid_at, b"")]
    for span, new in sorted(((at, new) for at, new in spans if at is not None), reverse=True):
        begin, end = span
        content = content[:begin] + new + content[end:]
    return content


_FILES = frozenset({"kernel", "initrd", "dtb", "emulator", "loader"})
_TOP = 2  # depth of what stands directly in <domain>


class _Reader:
    """Reads with expat. Document types are refused: with them come entities that explode."""

    def __init__(self, source: str) -> None:
        self.root = self.kind = self.name = ""
        self.name_at: tuple[int, int] | None = None
        self.uuid_at: tuple[int, int] | None = None
        self.files: list[str] = []
        self._source = source
        self._path: list[str] = []
        self._begun = 0
        self._text = ""
        self._content = b""
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._data
        self._parser.StartDoctypeDeclHandler = self._doctype

    def parse(self, content: bytes) -> None:
        self._content = content
        try:
            self._parser.Parse(content, True)  # noqa: FBT003  # expat's signature
        except expat.ExpatError as error:
            raise UsageProblem(
                f"{plain(self._source, 80)} is no XML",
                detail=plain(str(error), 200),
                hint="a domain's XML is wanted: begin with one of cells/kvm",
            ) from error

    def _doctype(self, *_: object) -> None:
        raise UsageProblem(
            f"{plain(self._source, 80)} declares a document type", hint="remove <!DOCTYPE …>"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._path:
            self.root, self.kind = tag, attributes.get("type", "")
        self._path.append(tag)
        self._text = ""
        if len(self._path) == _TOP and tag in {"name", "uuid"}:
            self._begun = self._parser.CurrentByteIndex
        if tag == "source" and "disk" in self._path and "file" in attributes:
            self.files.append(attributes["file"])

    def _data(self, text: str) -> None:
        self._text += text

    def _end(self, tag: str) -> None:
        if len(self._path) == _TOP and tag in {"name", "uuid"}:
            span = (self._begun, self._content.index(b">", self._parser.CurrentByteIndex) + 1)
            if tag == "name":
                self.name, self.name_at = self._text.strip(), span
            else:
                self.uuid_at = span
        elif tag in _FILES and self._text.strip():
            self.files.append(self._text.strip())
        self._path.pop()
        self._text = ""
