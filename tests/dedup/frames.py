"""Records made from one frame with values filled in: distinct, however alike; and true copies of some of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from assay.dedup.near import NUMBERS_MATTER

FIRST = (
    "Anna", "Bruno", "Carla", "David", "Elena", "Farid", "Greta", "Hassan", "Irene", "Jonas", "Katya", "Liam", "Mona",
    "Nadir", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Tessa", "Umar", "Vera", "Wanda", "Xenia", "Yusuf", "Zoe",
)  # fmt: skip
LAST = (
    "Abbott", "Becker", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Huber", "Ivanov", "Jansen", "Keller",
    "Lopez", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka", "Unger", "Vogel", "Weber",
)  # fmt: skip
CITIES = ("Vienna", "Lisbon", "Oslo", "Cairo", "Lima", "Osaka", "Tampa", "Perth", "Dakar", "Quito", "Turin", "Bergen")
THINGS = ("kettle", "backpack", "monitor", "sofa", "drill", "blender", "tent", "printer", "camera", "scooter", "lamp")
COLOURS = ("red", "blue", "green", "black")
MONTHS = ("January", "March", "April", "June", "July", "September", "October", "December")
ERRORS = ("timeout", "refused", "reset", "overloaded")
VERBS = ("bought", "found", "picked", "collected")

Draw = random.Random


def letter(d: Draw) -> str:
    city, thing = d.choice(CITIES), d.choice(THINGS)
    return f"""Dear {d.choice(FIRST)} {d.choice(LAST)},

thank you for your order number {d.randint(10000, 99999)} of {d.randint(1, 28)} {d.choice(MONTHS)}
{d.randint(2019, 2025)}. We are pleased to confirm that your {d.choice(COLOURS)} {thing} has left our warehouse
in {city} today and should reach you within the next few working days. You can follow the parcel at any time on
our website with the tracking number {d.randint(10**9, 10**10)}. Should anything be missing or damaged, please
write to our customer service within fourteen days of delivery and enclose the delivery note that you find in
the parcel. Refunds are paid to the account from which the purchase was made, as a rule within five working
days after we have received the goods. We would be glad to welcome you again soon and remain with kind regards,
your customer service team."""


def letter_of_names(d: Draw) -> str:
    """Without any digit."""
    return f"""Dear {d.choice(FIRST)} {d.choice(LAST)}, we hereby confirm that your application for the
position of office manager at our branch in {d.choice(CITIES)} has reached us. Our staff will look through all
the documents that you sent and will come back to you as soon as a decision has been made about the next steps.
Please understand that this may take some time because of the large number of applications. Until then you need
not do anything further. If you have questions about the state of your application, {d.choice(FIRST)}
{d.choice(LAST)} will be glad to answer them during office hours. We thank you for your interest in working
with us and for the confidence that you have placed in our company."""


def tool_call(d: Draw) -> str:
    return (
        f'{{"tool": "book_flight", "call_id": "call_{d.randrange(16**8):08x}", "arguments": {{"passenger": '
        f'"{d.choice(FIRST)} {d.choice(LAST)}", "origin": "{d.choice(CITIES)}", "destination": '
        f'"{d.choice(CITIES)}", "date": '
        f'"2024-{d.randint(1, 12):02d}-{d.randint(1, 28):02d}", "seats": {d.randint(1, 4)}, "cabin": '
        f'"economy", "insurance": '
        f'false, "payment_method": "card on file", "currency": "EUR", "locale": "en-GB", "retry_on_timeout": true, '
        f'"send_confirmation_to": "account holder", "loyalty_programme": null, "special_requests": null}}, "result": '
        f'{{"status": "confirmed", "reservation": "{d.randrange(36**4):04d}X", "message": "the '
        f"reservation has been made and "
        f'the ticket will be sent to the address that is stored with the account of the passenger"}}}}'
    )


def sensor(d: Draw) -> str:
    return (
        f"unit pump station north inlet valve reading at "
        f"{d.randint(0, 23):02d}:{d.randint(0, 59):02d}:{d.randint(0, 59):02d} "
        f"pressure {d.uniform(1, 9):.2f} bar temperature {d.uniform(10, 90):.1f} celsius flow rate "
        f"within the expected range "
        f"no alarm raised by the supervisor process and all of the redundant channels agree with the primary channel"
    )


def word_problem(d: Draw) -> str:
    a, b, c = d.randint(2, 30), d.randint(2, 30), d.randint(2, 9)
    name = d.choice(FIRST)
    return (
        f"{name} {d.choice(VERBS)} {a} apples in the orchard behind the old school on Monday morning and "
        f"{b} more apples on "
        f"the way home in the evening. On Tuesday the neighbours came by with their children and asked "
        f"whether they could "
        f"have some of the fruit for a cake that they wanted to bake together. {name} gave all of the "
        f"apples away in baskets "
        f"with {c} apples in each basket until no full basket could be filled any more. How many apples "
        f"were left over at "
        f"the end of the day? {name} had {a} + {b} = {a + b} apples, so {a + b} - {c} x {(a + b) // c} = "
        f"{(a + b) % c} "
        f"apples were left over. The answer is {(a + b) % c}"
    )


def changed_numbers(d: Draw) -> str:
    """The same problem with one number of two: the lowest variety."""
    a = d.choice((3, 4))
    return (
        f"A baker fills every tray with rolls before the shop opens in the morning. There are {a} rows "
        f"on each tray and "
        f"{d.randint(5, 40)} trays in the oven, and the baker puts six rolls into every row. During the "
        f"first hour the "
        f"customers take half of all the rolls away with them, and the baker keeps one tray for the "
        f"staff. How many rolls "
        f"are left on the shelves after the first hour, if nobody brings any back and no new tray comes "
        f"out of the oven?"
    )


def session(d: Draw) -> str:
    name, city, ident = f"{d.choice(FIRST)} {d.choice(LAST)}", d.choice(CITIES), d.randint(10000, 99999)
    return f"""user: Hello, this is {name}. I would like to return the {d.choice(THINGS)} from order W{ident}.
agent: I can help you with that. May I have your zip code to verify the account?
user: It is {d.randint(10000, 99999)}, in {city}.
agent: calls find_user_by_name_zip and receives the profile of the customer with the stored payment method
agent: calls get_order_details and receives the list of items together with the state of the delivery
agent: Thank you. The order W{ident} has been delivered and can be returned within thirty days. The refund of
{d.randint(10, 900)}.{d.randint(10, 99)} goes to the original payment method. Do you want me to proceed?
user: Yes, please proceed with the return.
agent: calls return_delivered_order_items and receives the confirmation that the return was requested
agent: The return has been requested. You will receive an email with instructions on how to send the item back."""


def status_line(d: Draw) -> str:
    """Words of low variety only: no digits, no names."""
    return (
        f"the connection to the {d.choice(('primary', 'secondary', 'backup', 'archive'))} server was "
        f"{d.choice(ERRORS)} while "
        f"the {d.choice(COLOURS)} queue was being drained by the worker and the supervisor therefore "
        f"moved all of the waiting "
        f"jobs to another machine where they will be started again once the administrator has confirmed "
        f"the change by hand"
    )


TERMS = """The following applies to everything above. Nothing that is said here changes what was agreed before
in writing, and where the two differ the written agreement counts. Times are given as local times of the place
of business. Whoever acts on behalf of another has to show that he or she may do so, at the latest when asked
for it. What is kept for the record is kept for as long as the law demands and is then deleted without further
notice. Questions that cannot be settled between the two sides are put before the arbitration board of the
chamber, whose members are named by both of them in equal parts. If one of the points turns out to be void, all
of the others stay in force, and both sides will look for a rule that comes as near as possible to what they
wanted. Messages are taken to have arrived on the working day after they were sent, unless the receiver shows
that they came later or never. Changes of the address have to be told without delay. Nobody may hand on rights
or duties from this relation without the consent of the other side, but the consent must not be refused without
good reason. The place of performance is the seat of the company, and the law of the country in which it lies
applies, without the rules that would lead to the law of another. This page was made by machine and is valid
without a signature; a signed copy is sent on request to everybody who has a justified interest in it."""


@dataclass(frozen=True)
class Frame:
    """made: one record. numbers: whether its kind is one in which numbers matter by themselves."""

    name: str
    made: Callable[[Draw], str]
    numbers: bool


MADE = (
    ("order letters", letter, "qa"),
    ("letters of names only", letter_of_names, "qa"),
    ("tool calls", tool_call, "agentic"),
    ("sensor lines", sensor, "domain_log"),
    ("word problems", word_problem, "reasoning"),
    ("word problems, one number changed", changed_numbers, "reasoning"),
    ("agent sessions", session, "agentic"),
    ("status lines of few words", status_line, "domain_log"),
)


def with_terms(made: Callable[[Draw], str]) -> Callable[[Draw], str]:
    """With so much fixed text behind it that nearly all of the record is the frame."""

    def longer(draw: Draw) -> str:
        return f"{made(draw)}\n\n{TERMS}"

    longer.__name__ = f"long_{made.__name__}"
    return longer


FRAMES = tuple(
    Frame(f"{name}{', long' if long else ''} ({kind})", with_terms(made) if long else made, kind in NUMBERS_MATTER)
    for name, made, own in MADE
    for kind in (own, "composite")
    for long in (False, True)
)


def filled(frame: Frame, records: int, seed: int) -> list[str]:
    """Distinct records of one frame, as many as it can make of those asked for."""
    draw = random.Random(f"{frame.made.__name__} {records} {seed}")
    found: dict[str, None] = {}
    for _ in range(20 * records):
        if len(found) == records:
            break
        found[frame.made(draw)] = None
    return list(found)
