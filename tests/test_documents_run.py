"""Every example in the documents gives the output printed below it."""

import doctest
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_example_in_a_document_holds(document: Path) -> None:
    result = doctest.testfile(str(document), module_relative=False)
    assert result.failed == 0


def test_the_documents_have_examples() -> None:
    parser = doctest.DocTestParser()
    assert sum(len(parser.get_examples(d.read_text())) for d in DOCUMENTS) > 15
