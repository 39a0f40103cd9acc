"""What numbers published together give away, and what to widen so that they do not.

A count of one to four people is shown as that range. Whoever has the other parts and their total
can subtract; whoever has several tables can solve them together. Here is that reader (`audit`), and
the choice of further numbers to tell as a range (`widened`), so that no small count can be brought
within narrower bounds than those of its mask (Hundepool and others 2012, *Statistical Disclosure
Control*, chapter 4).

Numbers are widened, not left out: a range that holds the number serves every sum made of it, as
masked counts do (partial cell suppression; Fischetti and Salazar-Gonzalez 2003, Statistics and
Computing 13:13-21). Ranges end at multiples of five, so that where a number lies in its range is
not told.
"""

from geo_mbo.suppression.audit import audit
from geo_mbo.suppression.system import CELLS, SUMS
from geo_mbo.suppression.widening import StillOpenError, widened

__all__ = ["CELLS", "SUMS", "StillOpenError", "audit", "widened"]
