"""Make the sample resumes: `python tests/data/resumes/make.py FONT.ttf` (needs reportlab and a Chinese TrueType font).

All people, employers and schools are invented, the numbers belong to nobody (139 0000 nnnn). A sample is a text in which a line of
`# key: value` gives what should be read from it, beside the file it becomes. `tuning` was looked at while the rules were written;
`held_out` was written afterwards, and no rule was changed for it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from docx import Document
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

HERE = Path(__file__).parent
LINE = 17
TOP = A4[1] - 60


def main() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    pdfmetrics.registerFont(TTFont("chinese", sys.argv[1]))
    for source in sorted(HERE.glob("*/*.source")):
        text = source.read_text("utf-8")
        form = next(line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("# form:"))
        body = "\n".join(line for line in text.splitlines() if not line.startswith("# ")).strip("\n")
        name = next(
            (line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("# file:")), source.name.split(".")[0]
        )
        WRITERS[form](source.with_name(name), body)


def txt(path: Path, body: str, encoding: str = "utf-8") -> None:
    path.with_suffix(".txt").write_bytes(body.encode(encoding))


def docx(path: Path, body: str) -> None:
    """Paragraphs; runs of lines with ` ¦ ` become tables."""
    document = Document()
    rows: list[list[str]] = []
    for line in [*body.split("\n"), ""]:
        if "¦" in line:
            rows.append([cell.strip() for cell in line.split("¦")])
            continue
        if rows:
            table = document.add_table(rows=0, cols=max(map(len, rows)))
            for row in rows:
                cells = table.add_row().cells
                for cell, value in zip(cells, row, strict=False):
                    cell.text = value.replace("\\n", "\n")
            rows = []
        if line.strip():
            document.add_paragraph(line)
    document.save(str(path.with_suffix(".docx")))


def pdf(path: Path, body: str, font: str = "STSong-Light") -> None:
    """One column; ` ¦ ` parts the cells of a row; a line `====` begins a second column at the right of the first."""
    canvas = Canvas(str(path.with_suffix(".pdf")), pagesize=A4, invariant=1)
    columns = body.split("\n====\n")
    for place, column in enumerate(columns):
        left = 50 if place == 0 else 230
        y = TOP
        canvas.setFont(font, 10)
        for line in column.split("\n"):
            for cell, value in enumerate(line.split("¦")):
                draw(canvas, left + cell * 125, y, value.strip() if "¦" in line else value, font)
            y -= LINE
            if y < 50:
                canvas.showPage()
                canvas.setFont(font, 10)
                y = TOP
    canvas.save()


def draw(canvas: Canvas, x: float, y: float, text: str, font: str) -> None:
    """A line; the TrueType font has no Latin letters, as in many files the two scripts come from two fonts."""
    runs = re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", text) if font == "chinese" else [text]
    for run in runs:
        name = "Helvetica" if font == "chinese" and run.isascii() else font
        canvas.setFont(name, 10)
        canvas.drawString(x, y, run)
        x += canvas.stringWidth(run, name, 10)


def scan(path: Path, body: str) -> None:
    """A page with lines drawn and no text."""
    canvas = Canvas(str(path.with_suffix(".pdf")), pagesize=A4, invariant=1)
    for place, _ in enumerate(body.split("\n")):
        canvas.rect(50, TOP - place * LINE, 300, 8, fill=1)
    canvas.save()


WRITERS = {
    "txt": txt,
    "txt-gb18030": lambda path, body: txt(path, body, "gb18030"),
    "docx": docx,
    "pdf": pdf,
    "pdf-embedded": lambda path, body: pdf(path, body, "chinese"),
    "pdf-scan": scan,
}

if __name__ == "__main__":
    main()
