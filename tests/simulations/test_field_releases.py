import numpy as np

from benchmarks import field_releases


def test_a_sensor_that_only_drifts_reads_nothing(real_data):
    # 112 degrees off a wind that is steady all day; its level moves by some 0.3 ppm from night to noon.
    windows = [window for window in field_releases.aded(real_data) if window.group.startswith("4W-27")]
    observed = np.array([window.observed for window in windows])
    names = windows[0].labels
    assert abs(observed[:, names.index("NE")].mean()) < 0.05
    assert observed[:, names.index("NW")].mean() > 0.5


def test_what_means_hide_is_drawn_anew_and_leaves_the_means(real_data):
    one, other = (next(field_releases.aded(real_data, draw)).wind for draw in (0, 1))
    assert not np.array_equal(one.eastward_m_s, other.eastward_m_s)
    np.testing.assert_allclose(one.eastward_m_s.mean(), other.eastward_m_s.mean(), atol=0.05)
