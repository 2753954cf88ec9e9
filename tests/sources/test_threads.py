import numpy as np
import pytest

from plumeline.sources.threads import over_rows


@pytest.mark.parametrize("count", [0, 1, 7, 1000])
def test_every_row_is_done_exactly_once(count):
    done = np.zeros(count, int)

    def kernel(first, last):
        done[first:last] += 1

    over_rows(kernel, count)
    assert (done == 1).all()


def test_an_error_in_a_thread_is_not_lost():
    def kernel(first, last):
        if last > first:
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        over_rows(kernel, 10)
