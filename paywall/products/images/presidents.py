"""The 19th-century presidents of the United States, the seed product's catalogue of portraits.

The rule: whoever held the office on at least one day from 1 January 1801 to 31 December 1900. So John Adams
is in (until 4 March 1801) and William McKinley is in (from 4 March 1897); George Washington and Theodore
Roosevelt are out. That makes 23 people and, as Grover Cleveland had two, the presidencies numbered 2 to 25.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Term:
    """One presidency: its number in the usual count, and the years it began and ended."""

    number: int
    first_year: int
    last_year: int


@dataclass(frozen=True, slots=True)
class President:
    """One person, under the name by which they are usually known."""

    name: str
    terms: tuple[Term, ...]


PRESIDENTS = (
    President("John Adams", (Term(2, 1797, 1801),)),
    President("Thomas Jefferson", (Term(3, 1801, 1809),)),
    President("James Madison", (Term(4, 1809, 1817),)),
    President("James Monroe", (Term(5, 1817, 1825),)),
    President("John Quincy Adams", (Term(6, 1825, 1829),)),
    President("Andrew Jackson", (Term(7, 1829, 1837),)),
    President("Martin Van Buren", (Term(8, 1837, 1841),)),
    President("William Henry Harrison", (Term(9, 1841, 1841),)),
    President("John Tyler", (Term(10, 1841, 1845),)),
    President("James K. Polk", (Term(11, 1845, 1849),)),
    President("Zachary Taylor", (Term(12, 1849, 1850),)),
    President("Millard Fillmore", (Term(13, 1850, 1853),)),
    President("Franklin Pierce", (Term(14, 1853, 1857),)),
    President("James Buchanan", (Term(15, 1857, 1861),)),
    President("Abraham Lincoln", (Term(16, 1861, 1865),)),
    President("Andrew Johnson", (Term(17, 1865, 1869),)),
    President("Ulysses S. Grant", (Term(18, 1869, 1877),)),
    President("Rutherford B. Hayes", (Term(19, 1877, 1881),)),
    President("James A. Garfield", (Term(20, 1881, 1881),)),
    President("Chester A. Arthur", (Term(21, 1881, 1885),)),
    President("Grover Cleveland", (Term(22, 1885, 1889), Term(24, 1893, 1897))),
    President("Benjamin Harrison", (Term(23, 1889, 1893),)),
    President("William McKinley", (Term(25, 1897, 1901),)),
)

NAMES = tuple(president.name for president in PRESIDENTS)

_BY_FOLDED_NAME = {president.name.casefold(): president for president in PRESIDENTS}


def find(name: str) -> President | None:
    """The president of that name, in any case, with any outer or repeated white space."""
    return _BY_FOLDED_NAME.get(" ".join(name.split()).casefold())
