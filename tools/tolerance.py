"""Numbers that may move a little: comparison of outputs of which some digits are not stable.

Training in single precision ends elsewhere on another kind of CPU, and rounding errors have no
stable digit at all. A cell that prints such numbers says in its metadata how far they may move,
`"tolerance": {"abs": 0.3}` or `{"rel": 0.01, "abs": 0.002}`: by abs + rel · |stored number|.
"""

import re

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def settle(text: str, stored: str, tolerance: dict[str, float]) -> str:
    """Return `stored` where `text` differs from it only by white space and allowed amounts.

    Everything else between the numbers must be the same; otherwise `text` comes back as it is,
    for the exact comparison to find the difference.
    """
    words, stored_words = (NUMBER.sub("#", part).split() for part in (text, stored))
    numbers, stored_numbers = (
        [float(number.replace(",", "")) for number in NUMBER.findall(part)]
        for part in (text, stored)
    )
    absolute, relative = tolerance.get("abs", 0.0), tolerance.get("rel", 0.0)
    close = words == stored_words and all(
        abs(new - old) <= absolute + relative * abs(old)
        for new, old in zip(numbers, stored_numbers, strict=True)
    )
    return stored if close else text
