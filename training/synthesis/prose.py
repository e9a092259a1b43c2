"""The words on invented pages: companies, clauses, letters and form fields."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_Rng = np.random.Generator

COMPANIES = (
    "Harrow & Pike Insurance",
    "Meridian Savings Bank",
    "Lorimer Estate Agents",
    "Castell Logistics Ltd",
    "Northgate Health Trust",
    "Ostrander Legal LLP",
    "Bluewater Utilities",
    "Keller Precision AG",
)
STREETS = (
    "14 Mill Lane",
    "220 Harbour Road",
    "7 Station Square",
    "31 Orchard Street",
    "88 Quayside",
    "5 Abbey Court",
)
TOWNS = ("Westhaven", "Port Ellery", "Northwick", "Saltmarsh", "Greenholt", "Kingsbridge East")

_CLAUSES = (
    "The Supplier shall deliver the goods listed in the schedule within thirty days of a written "
    "order, and shall bear the cost of carriage to the place of delivery named there.",
    "Payment falls due within fourteen days of receipt of a correct invoice. Interest on late payment "
    "is charged at two per cent above the base rate, calculated from day to day.",
    "Either party may end this agreement by giving not less than three months' notice in writing to "
    "the other, such notice to expire at the end of a calendar quarter.",
    "Each party shall keep confidential all information received from the other that is marked as "
    "such or that a reasonable person would take to be confidential, for a term of five years.",
    "No failure or delay by a party in exercising any right under this agreement shall operate as a "
    "waiver of that right, nor shall any single exercise preclude any further exercise.",
    "The total liability of the Supplier in any contract year shall not exceed the sum of the fees "
    "paid in that year, save for death or personal injury caused by negligence.",
    "Neither party shall be liable for a failure to perform that is caused by circumstances beyond "
    "its reasonable control, provided that it tells the other without delay.",
    "This agreement and the schedules to it are the whole agreement between the parties and replace "
    "all earlier drafts, understandings and arrangements concerning the same subject.",
    "A variation of this agreement is effective only if it is made in writing and signed by both "
    "parties or by their authorised representatives.",
    "If any provision is found to be invalid, the remaining provisions stay in force and the parties "
    "shall replace the invalid one by a provision that comes closest to its purpose.",
    "The tenant shall keep the premises in good repair, fair wear and tear excepted, and shall allow "
    "the landlord to inspect them at reasonable hours after two days' notice.",
    "The borrower declares that the statements made in the application are complete and correct, and "
    "undertakes to report every change in income without being asked.",
    "Neither party may assign or transfer its rights or duties under this agreement to a third party "
    "without the prior written consent of the other, which shall not be withheld unreasonably.",
    "A notice under this agreement shall be in writing and sent to the address given on the first "
    "page. It is deemed received on the second working day after posting.",
    "The Customer shall inspect the goods within seven days of delivery and report visible defects in "
    "writing; hidden defects shall be reported as soon as they are found.",
    "The goods remain the property of the Supplier until all sums due in respect of them have been "
    "paid. Until then the Customer shall keep them apart and insured.",
    "Drawings, samples and tools handed over by a party remain its property and shall be returned, "
    "with all copies, when the agreement ends.",
    "Each party shall hold public liability insurance for at least two million for any one event and "
    "shall show the certificate on request.",
    "Personal data shall be used only for the purpose for which they were handed over, kept secure, "
    "and erased when that purpose has been fulfilled.",
    "The prices in the schedule are fixed for twelve months. After that they may be adapted once a "
    "year, in line with the published index of producer prices.",
    "The Supplier may engage subcontractors if it names them beforehand. It answers for their acts "
    "and omissions as for its own.",
    "The Supplier shall keep proper records of all work done and shall make them available to the "
    "Customer's auditors for six years after the end of the contract year.",
    "The parties shall first try to settle every dispute by talks between their managing directors. "
    "Failing this within thirty days, either may call upon the courts.",
    "This agreement is governed by the law of the place where the Supplier has its registered office, "
    "to the exclusion of its rules on the conflict of laws.",
)
_HEADINGS = (
    "Delivery",
    "Payment",
    "Term and notice",
    "Confidentiality",
    "No waiver",
    "Liability",
    "Force majeure",
    "Entire agreement",
    "Variation",
    "Severability",
    "Repair and inspection",
    "Declarations",
    "Assignment",
    "Notices",
    "Inspection of goods",
    "Retention of title",
    "Intellectual property",
    "Insurance",
    "Data protection",
    "Prices",
    "Subcontracting",
    "Records",
    "Disputes",
    "Governing law",
)
_LETTER = (
    "Thank you for your letter of last week, which reached us on Tuesday.",
    "We have looked into the matter and can confirm that the amount was credited on the same day.",
    "Please find enclosed the documents that you asked for, together with a copy of the policy schedule.",
    "Our surveyor visited the property and found the damage to be consistent with the report you sent.",
    "Would you kindly complete the attached form and return it before the end of the month.",
    "If you have any questions, please telephone; our office is open on weekdays from nine to five.",
    "The new rates apply from the first day of the coming quarter and remain valid for twelve months.",
    "I should be grateful if you would acknowledge receipt of this letter in writing.",
    "As agreed on the telephone, the balance will be settled in three equal instalments.",
    "We regret the delay in answering, which was caused by an unusually large number of enquiries.",
    "I hereby authorise the transfer of the above file to your office with immediate effect.",
    "The keys were handed over on the day of the inspection, and the meter readings are given below.",
)
_SUBJECTS = (
    "Your claim {number}",
    "Policy {number}: change of address",
    "Account {number}: standing order",
    "Notice of termination, contract {number}",
    "Our inspection of {day}",
    "File {number}",
)
FIELDS = (
    "Surname",
    "First names",
    "Date of birth",
    "Street and number",
    "Postcode, town",
    "Telephone",
    "Customer number",
    "IBAN",
    "Occupation",
    "Member since",
    "Vehicle registration",
    "Doctor",
)
STATEMENTS = (
    "I have read the conditions overleaf and accept them.",
    "The details given above are complete and correct to the best of my knowledge.",
    "I agree that the data on this form may be stored for as long as the contract lasts.",
    "I do not wish to receive news of other products by post.",
    "I have been told about the risks of the treatment and have had time to ask questions.",
    "Amounts due may be collected from the account named above until I withdraw this consent in writing.",
)
ITEMS = (
    "Bearing, sealed, 6204",
    "Gasket set",
    "Hydraulic hose 2 m",
    "Filter cartridge",
    "Copy paper A4, box",
    "Survey fee",
    "Safety boots, pair",
    "Toner, black",
    "Cable drum 50 m",
    "Pallet, euro size",
)
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day, as print and as people write it."""

    year: int
    month: int
    day: int

    @property
    def printed(self) -> str:
        """As on letterhead: 4 March 2024."""
        return f"{self.day} {_MONTHS[self.month - 1]} {self.year}"

    def written(self, rng: _Rng) -> str:
        """As a hand writes it beside a signature: 4/3/24, 04/03/2024, 4-3-2024."""
        short = bool(rng.integers(2))
        year = f"{self.year % 100:02d}" if short else str(self.year)
        mark = "/-"[int(rng.integers(2))]
        pad = "02d" if rng.integers(2) else "d"
        return f"{self.day:{pad}}{mark}{self.month:{pad}}{mark}{year}"


def some_day(rng: _Rng) -> Day:
    """A day in the last years before 2026."""
    return Day(int(rng.integers(2021, 2026)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))


def later(day: Day, days: int) -> Day:
    """The day that many days after, or before where `days` is negative."""
    date = datetime.date(day.year, day.month, day.day) + datetime.timedelta(days=days)
    return Day(date.year, date.month, date.day)


def pick(options: Sequence[str], rng: _Rng) -> str:
    """One of them."""
    return options[int(rng.integers(len(options)))]


def number(rng: _Rng, digits: int = 6) -> str:
    """A file number."""
    return "".join(str(digit) for digit in rng.integers(0, 10, digits))


def statements(count: int, rng: _Rng) -> list[str]:
    """What the undersigned agrees to on a form, without repetition up to six."""
    return [STATEMENTS[int(index)] for index in rng.permutation(len(STATEMENTS))[:count]]


def field_answer(field: str, name: str, rng: _Rng) -> str:
    """What a person of that name would write into a field of a form."""
    first, *_, last = name.split()
    plain = {
        "Surname": last,
        "First names": first,
        "Street and number": pick(STREETS, rng),
        "Postcode, town": pick(TOWNS, rng),
        "Occupation": pick(("Teacher", "Nurse", "Driver", "Clerk", "Farmer", "Engineer"), rng),
        "Doctor": pick(("Dr Holt", "Dr Vance", "Dr Yates"), rng),
    }
    if field in plain:
        return plain[field]
    if field in {"Date of birth", "Member since"}:
        return later(some_day(rng), -14_000 if field == "Date of birth" else 0).written(rng)
    return number(rng, 7)


def clauses(rng: _Rng) -> list[tuple[str, str]]:
    """The headings and texts of all clauses, in a random order."""
    return [(_HEADINGS[index], _CLAUSES[index]) for index in map(int, rng.permutation(len(_CLAUSES)))]


def paragraphs(rng: _Rng) -> list[str]:
    """The body of a business letter: two to four paragraphs that share no sentence."""
    order = [_LETTER[int(index)] for index in rng.permutation(len(_LETTER))]
    count = int(rng.integers(2, 5))
    return [" ".join(order[3 * index : 3 * index + int(rng.integers(2, 4))]) for index in range(count)]


def goods(count: int, rng: _Rng) -> list[str]:
    """Different goods for the lines of a table, ten at most."""
    return [ITEMS[int(index)] for index in rng.permutation(len(ITEMS))[:count]]


def subject(rng: _Rng) -> str:
    """The subject line of a letter."""
    return pick(_SUBJECTS, rng).format(number=number(rng), day=some_day(rng).printed)
