"""Numbers with their units, as a person reads them."""

from __future__ import annotations

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def quantity(value: float, unit: str) -> str:
    """Write a number with its unit.

    Bytes are written with binary prefixes (IEC 80000-13), times below one second in milliseconds and from two
    minutes on in minutes; three significant digits are kept.

    Args:
        value: the number.
        unit: ``B`` for bytes, ``s`` for seconds; anything else is written behind the number as it is.

    """
    if unit == "B":
        power = 0
        while abs(value) >= 1024 and power < len(_BYTES) - 1:
            value /= 1024
            power += 1
        return f"{_digits(value) if power else f'{value:.0f}'} {_BYTES[power]}"
    if unit == "s":
        if 0 < abs(value) < 1:
            return f"{value * 1000:.0f} ms"
        if abs(value) >= 120:
            whole = round(value)
            return f"{whole // 60} min {whole % 60} s"
        return f"{_digits(value)} s"
    return f"{_digits(value)} {unit}".rstrip()


def _digits(value: float) -> str:
    """Write three significant digits, without trailing zeros, and never an exponent."""
    size = abs(value)
    places = 0 if size >= 100 else 1 if size >= 10 else 2
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text
