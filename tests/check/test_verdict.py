"""The verdict of check, which is the first line of its page."""

import pytest

from paddle_aug.check.findings import FINDINGS
from paddle_aug.check.text import verdict
from paddle_aug.data.remarks import Finding


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (["grey"], "nothing stops training; 1 note"),
        (["no-eval"], "training needs --holdout; 1 note"),
        (["other-label"], "training would start, but should not yet: 1 error"),
        (["missing", "other-label"], "training would not start: 2 errors"),
    ],
)
def test_the_verdict_says_whether_training_would_start(codes, said):
    assert verdict([Finding(FINDINGS[code][0], code, "", "", []) for code in codes]) == said
