"""Promises 19 and 24: many sign at once, one of them writes for all, and each is told the truth."""

import threading
import time

import pytest
from django.db import IntegrityError, OperationalError

from campaign_site.group_commit import GroupCommit
from campaign_site.models import HeldWord
from tests.together import together

pytestmark = pytest.mark.django_db(transaction=True)


class Slow(GroupCommit):
    """Its first statement takes until all others wait."""

    def __init__(self, others, trouble=None):
        super().__init__(HeldWord)
        self.others = others
        self.trouble = trouble
        self.groups = []
        self.began = threading.Event()

    def _write(self, group):
        self.groups.append(len(group))
        if not self.began.is_set():
            self.began.set()
            for _ in range(500):
                if len(self._waiting) == self.others:
                    break
                time.sleep(0.01)
        elif self.trouble:
            raise self.trouble
        super()._write(group)


def insert(words, rows):
    def first():
        rows.insert({"word": "first"})

    def after(word):
        rows.began.wait(5)
        rows.insert({"word": word})

    return together(first, *(lambda word=word: after(word) for word in words))


def kept():
    return sorted(HeldWord.objects.words())


@pytest.fixture(autouse=True)
def _no_words():
    HeldWord.objects.all().delete()


def test_who_comes_while_another_writes_is_written_with_the_others():
    rows = Slow(others=5)
    words = [f"word {number}" for number in range(5)]
    assert insert(words, rows) == [None] * 6
    assert kept() == ["first", *words]
    assert rows.groups == [1, 5]


def test_one_that_is_refused_takes_no_other_with_it():
    rows = Slow(others=4)
    answers = insert(["good", "first", "fine", "x" * 101], rows)
    assert kept() == ["fine", "first", "good"]
    assert answers[0] is answers[1] is answers[3] is None
    assert isinstance(answers[2], IntegrityError)
    assert answers[4]


def test_nobody_is_told_that_it_is_stored_when_the_database_went_away():
    """It may have stored them and not said so: to write them once more could count twice."""
    rows = Slow(others=4, trouble=OperationalError("went away"))
    answers = insert(["a", "b", "c", "d"], rows)
    assert answers[0] is None
    assert all(isinstance(answer, OperationalError) for answer in answers[1:])
    assert kept() == ["first"]
    assert rows.groups == [1, 4]
    rows.trouble = None
    rows.insert({"word": "later"})
    assert kept() == ["first", "later"]
