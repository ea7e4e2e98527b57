"""HTML, PDF and DOCX files: their text, what they say of themselves, and damaged ones."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.formats import Bad, ByteStream, NotRecords, expand, read, shape_of
from tests.formats.reading import items_of

docx = pytest.importorskip("docx")
pypdf = pytest.importorskip("pypdf")


def pdf(*pages: str, info: str = "/Title (On boxes) /CreationDate (D:20240102030405+01'00')") -> bytes:
    """A PDF by hand: one line of text per page, in a standard font."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for text in pages:
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET" if text else ""
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {info} >>")
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n"
    end += f"<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + end.encode()


def encrypted() -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf("A secret.")))
    writer.encrypt("a password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def word(*paragraphs: str) -> bytes:
    document = docx.Document()
    document.core_properties.title = "On boxes"
    document.core_properties.author = "Anna"
    for text in paragraphs:
        document.add_paragraph(text)
    if paragraphs:
        table = document.add_table(1, 2)
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = "weight", "3 kg"
        document.add_paragraph("The end.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_a_pdf_is_the_text_of_its_pages() -> None:
    [item], bad = items_of(pdf("The box is blue.", "", "It holds tea."), "boxes.pdf")
    assert not bad
    assert item.obj["text"] == "The box is blue.\n\nIt holds tea."
    about = item.obj["metadata"]
    assert (about["title"], about["date"], about["pages"]) == ("On boxes", "2024-01-02T03:04:05+01:00", 3)


def test_a_pdf_is_told_by_its_bytes_not_by_its_name() -> None:
    assert items_of(pdf("The box is blue."), "boxes.dat")[0][0].obj["text"] == "The box is blue."


def test_a_scanned_pdf_is_a_record_without_text_that_says_so() -> None:
    [item], _ = items_of(pdf("", ""), "scan.pdf")
    assert item.obj["text"] is None
    assert item.obj["metadata"]["no_text"] == "no page holds text: scanned, or empty"


@pytest.mark.parametrize(
    ("data", "reason"),
    [(encrypted(), "encrypted"), (pdf("Cut off.")[:200], "broken_pdf"), (b"%PDF-1.7\n", "broken_pdf")],
    ids=["encrypted", "truncated", "empty"],
)
def test_a_pdf_that_cannot_be_read_is_a_bad_place_with_its_bytes(data: bytes, reason: str) -> None:
    items, [bad] = items_of(data, "a.pdf")
    assert not items
    assert (bad.reason, bad.raw) == (reason, data)


def test_a_word_document_is_its_paragraphs_and_tables_in_order() -> None:
    [item], bad = items_of(word("The box is blue.", "It holds tea."), "boxes.docx")
    assert not bad
    assert item.obj["text"] == "The box is blue.\n\nIt holds tea.\n\nweight\t3 kg\n\nThe end."
    assert (item.obj["metadata"]["title"], item.obj["metadata"]["author"]) == ("On boxes", "Anna")


def test_an_empty_or_broken_word_document_says_so() -> None:
    [item], _ = items_of(word(), "empty.docx")
    assert (item.obj["text"], item.obj["metadata"]["no_text"]) == (None, "the document holds no text")
    data = word("The box is blue.")
    items, [bad] = items_of(data[: len(data) // 2], "boxes.docx")
    assert not items
    assert bad.reason == "broken_docx"


def test_a_zip_that_is_no_document_is_no_file_of_records() -> None:
    with pytest.raises(NotRecords, match="zip"):
        items_of(b"PK\x03\x04" + bytes(40), "things.zip")


def test_a_page_is_its_main_text_and_as_text_its_markup() -> None:
    page = b"<!DOCTYPE html><html lang=de><head><title>Tee</title></head><body><p>Der Tee ist warm.</p></body></html>"
    for path in ("tea.html", "tea"):
        [item], _ = items_of(page, path)
        assert (item.obj["text"], item.obj["metadata"]["title"]) == ("Der Tee ist warm.", "Tee")
        assert item.obj["metadata"]["language"] == "de"
    [item], _ = items_of(page, "tea.html", wanted="text")
    assert item.obj["text"] == page.decode()
    assert item.obj["metadata"]["language"] == "html"


@pytest.mark.parametrize(
    ("make", "path"), [(lambda: pdf("The box is blue.", "It holds tea."), "a.pdf"), (lambda: word("Tea."), "a.docx")]
)  # fmt: skip
def test_mutated_documents_never_crash(make: Callable[[], bytes], path: str) -> None:
    data, rng = make(), random.Random(11)
    for _ in range(60):
        broken = bytearray(data)
        for _ in range(rng.randint(1, 30)):
            at = rng.randrange(8, len(broken))
            if rng.random() < 0.7:
                broken[at] = rng.randrange(256)
            else:
                del broken[at : at + rng.randint(1, 200)]
        stream = ByteStream(io.BytesIO(bytes(broken)))
        [found] = read(stream, shape_of(stream, path))
        assert isinstance(found, Bad) or found.obj["text"] is None or isinstance(found.obj["text"], str)


def test_real_pages(shared_data: Path) -> None:
    """Documentation fragments: nearly all that is visible is content."""
    sources = expand([shared_data / "composite-html"]).sources
    assert len(sources) == 25
    long = 0
    for source in sources:
        stream = source.stream()
        [item] = read(stream, shape_of(stream, source.path))
        stream.close()
        assert not isinstance(item, Bad)
        long += len(item.obj["text"] or "") > 500
    assert long >= 15
