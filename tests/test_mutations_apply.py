"""Every listed fault can be planted in today's source, and what it leaves is a program.

Whether the tests fail of it is for ``python tests/mutate.py`` to find, which takes a while.
"""

import ast

import pytest
from mutation_faults import ROOT, Fault, all_faults, list_names

FAULTS = all_faults()


def test_both_layers_have_forty_and_no_two_faults_share_a_name_or_an_edit() -> None:
    assert {"emu", "formats"} <= set(list_names())
    assert all(len(all_faults([name])) >= 40 for name in ("emu", "formats"))
    assert sum(len(all_faults([name])) for name in list_names()) == len(FAULTS)
    assert len({fault.id for fault in FAULTS}) == len(FAULTS)
    assert len({(fault.file, fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_the_text_occurs_once_and_the_fault_is_another_program(fault: Fault) -> None:
    source = (ROOT / fault.file).read_text("utf-8")
    planted = fault.planted(source)
    assert ast.dump(ast.parse(planted)) != ast.dump(ast.parse(source))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_the_files_of_its_tests_exist(fault: Fault) -> None:
    assert fault.selection.tests
    assert all((ROOT / test).is_file() for test in fault.selection.tests)
    assert fault.mistake


def test_a_text_that_is_not_there_once_is_refused() -> None:
    fault = FAULTS[0]
    for source in ("", fault.old * 2):
        with pytest.raises(ValueError, match=f"{fault.id}: its text occurs {len(source) and 2} "):
            fault.planted(source)
