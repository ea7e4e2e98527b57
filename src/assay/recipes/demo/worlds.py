"""Small seeded worlds that make records of the kinds that no machine has lying around.

Each world computes what it writes: sums are added up, the robot really moves, the inventory is really asked.
A stated share of the records is spoilt on purpose, in ways that the default rules name, so that the report
has something to find. Everything follows from `seed`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

Record = dict[str, Any]
START = datetime(2026, 3, 2, 8, tzinfo=UTC)

_INTENTS = {
    "card_arrival": ["when will my new {thing} arrive?", "is there a way to track the {thing} you sent on {day}?"],
    "refund": ["I was charged twice for the {thing}, please give the money back", "the refund for my {thing} is late"],
    "opening_hours": ["are you open on {day}?", "until what hour can I pick up a {thing} on {day}?"],
    "defect": ["the {thing} I bought on {day} does not switch on", "my {thing} broke after one week"],
}
_THINGS = ["card", "kettle", "desk lamp", "keyboard", "rain jacket", "headset", "bicycle pump", "camera"]
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


def intents(rng: Random, count: int) -> Iterator[Record]:
    """classification: support messages; some labels are misspelt, some texts carry two different labels."""
    seen: list[Record] = []
    for number in range(count):
        label = rng.choice(sorted(_INTENTS))
        text = rng.choice(_INTENTS[label]).format(thing=rng.choice(_THINGS), day=rng.choice(_DAYS))
        text = f"{text} (order {1000 + number})"
        if seen and rng.random() < 0.04:
            text = rng.choice(seen)["text_input"]
        if rng.random() < 0.03:
            label = label.replace("_", " ").title()
        record = {"id": f"ml_class_{number:03}", "text_input": text, "label": label}
        seen.append(record)
        yield record


def support_answers(rng: Random, count: int) -> Iterator[Record]:
    """qa: questions about a stated price list; a few answers are empty or break off."""
    for number in range(count):
        thing, day = rng.choice(_THINGS), rng.choice(_DAYS)
        price, weeks = rng.randrange(5, 90), rng.randrange(1, 9)
        answer = (
            f"The {thing} costs {price} euros. If you order it before {day}, it leaves our warehouse the next "
            f"morning. It comes with a guarantee of {weeks} {'week' if weeks == 1 else 'weeks'}, which covers parts "
            "and work, and if it breaks within that time we send you another one without asking for the first."
        )
        fault = rng.random()
        if fault < 0.03:
            answer = ""
        elif fault < 0.07:
            answer = answer[: rng.randrange(190, 250)].rsplit(" ", 1)[0]
        yield {
            "id": f"qa_{number:03}",
            "prompt": f"How much is the {thing} of order {2000 + number}, and what does the guarantee cover?",
            "best_answer": answer,
        }


def sums(rng: Random, count: int) -> Iterator[Record]:
    """reasoning: two-step sums, worked out; some chains hold a wrong sum or skip a number."""
    for number in range(count):
        crates, per, gone = rng.randrange(3, 20), rng.randrange(4, 25), rng.randrange(2, 12)
        total = crates * per
        shown, left = total, total - gone
        fault = rng.random()
        if fault < 0.05:
            shown = total + rng.choice([-10, -1, 1, 10])
            left = shown - gone
        numbers = ("1)", "3)") if 0.05 <= fault < 0.08 else ("1)", "2)")
        yield {
            "id": f"reason_{number:03}",
            "question": f"A shop gets {crates} crates with {per} apples each. {gone} are bad. How many can be sold?",
            "chain_of_thought": [
                f"{numbers[0]} In all there are {crates} * {per} = {shown} apples.",
                f"{numbers[1]} Without the bad ones {shown} - {gone} = {left} are left.",
            ],
            "final_answer": str(left) if fault < 0.97 else "",
        }


class _Inventory:
    """A tool that is really called: it knows its stock and refuses what it does not have."""

    def __init__(self, rng: Random) -> None:
        self.stock = {thing: rng.randrange(0, 30) for thing in _THINGS}

    def __call__(self, tool: str, args: Record) -> Record:
        item = args.get("item")
        if item not in self.stock:
            return {"error": f"no item called {item!r}"}
        if tool == "reserve":
            if args["count"] > self.stock[item]:
                return {"error": f"only {self.stock[item]} left"}
            self.stock[item] -= args["count"]
        return {"item": item, "stock": self.stock[item]}


def sessions(rng: Random, count: int) -> Iterator[Record]:
    """agentic: an agent looks up and reserves stock; errors are real, a few calls never got their result."""
    for number in range(count):
        inventory = _Inventory(rng)
        item, wanted = rng.choice(_THINGS), rng.randrange(1, 20)
        name = item if rng.random() > 0.15 else item + "s"
        plan: list[tuple[str, Record, str]] = [
            ("look_up", {"item": name}, f"First I look up how many of {item!r} there are.")
        ]
        if name != item:
            plan.append(("look_up", {"item": item}, "That name is not known; I try the singular."))
        plan.append(("reserve", {"item": item, "count": wanted}, f"Now I reserve {wanted}."))
        steps = []
        for step, (tool, args, why) in enumerate(plan, start=1):
            output: Record | None = inventory(tool, args)
            if rng.random() < 0.03:
                output = None
            steps.append(
                {"step_number": step, "tool_name": tool, "tool_input": args, "tool_output": output, "reasoning": why}
            )
        yield {"session_id": f"agent_{number:04}", "steps": steps}


def warehouse(rng: Random, count: int) -> Iterator[Record]:
    """simulation: a robot walks a 10 x 10 floor to a box, one row per step; now and then a step is lost."""
    number = 0
    while number < count:
        episode = f"ep_{number:04}"
        here, box = (rng.randrange(10), rng.randrange(10)), (rng.randrange(10), rng.randrange(10))
        for index in range(40):
            done = here == box
            move = (0, 0) if done else _towards(here, box)
            after = (here[0] + move[0], here[1] + move[1])
            if rng.random() > 0.01:
                yield {
                    "scenario_id": f"sim_{box[0]}{box[1]}",
                    "episode_id": episode,
                    "step_index": index,
                    "environment": "warehouse_sim",
                    "robot_position": {"x": here[0], "y": here[1], "theta": 90},
                    "action_taken": "pick_box" if done else "move",
                    "next_state": {"x": after[0], "y": after[1], "theta": 90},
                    "result": "success" if done else "moving",
                    "is_first": index == 0,
                    "is_last": done,
                }
            number += 1
            here = after
            if done:
                break


def _towards(here: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    if here[0] != box[0]:
        return (1 if box[0] > here[0] else -1, 0)
    return (0, 1 if box[1] > here[1] else -1)


def bioreactor(rng: Random, count: int) -> Iterator[Record]:
    """domain_log: temperature and pH every five minutes; gaps, a dropped channel, values no vessel can have."""
    now, temp, ph = START, 37.0, 6.9
    for number in range(count):
        now += timedelta(minutes=5 if rng.random() > 0.02 else 5 * rng.randrange(4, 30))
        temp += rng.gauss(0, 0.05) + (37 - temp) * 0.1
        ph += rng.gauss(0, 0.01) + (6.9 - ph) * 0.1
        data: Record = {"temp_c": round(temp, 2), "ph_level": round(ph, 3)}
        fault = rng.random()
        if fault < 0.02:
            data["ph_level"] = round(ph + rng.choice([-9, 9]), 3)
        elif fault < 0.04:
            del data["ph_level"]
        yield {
            "record_id": f"hyper_{number:03}",
            "domain": "biotech_lab",
            "sensor_data": data,
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "event_summary": "Feed pump on" if number % 12 == 0 else "Nominal",
        }


def preferences(rng: Random, count: int) -> Iterator[Record]:
    """preference: a full and a lazy answer to one question; sometimes both are the same."""
    for number in range(count):
        thing = rng.choice(_THINGS)
        chosen = f"Unplug the {thing}, wait ten seconds, and plug it in again. If it stays dark, bring it to us."
        rejected = "Try again later." if rng.random() > 0.05 else chosen
        yield {
            "id": f"pref_{number:03}",
            "prompt": f"My {thing} (order {3000 + number}) does not switch on. What can I do?",
            "chosen": chosen,
            "rejected": rejected,
        }


def png(rng: Random, side: int = 16) -> tuple[bytes, str]:
    """A real PNG of one colour, and the name of the colour."""
    name, rgb = rng.choice([("red", (200, 30, 30)), ("green", (30, 160, 60)), ("blue", (40, 70, 200))])
    rows = b"".join(b"\0" + bytes(rgb) * side for _ in range(side))

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""), name


WORLDS: dict[str, tuple[Callable[[Random, int], Iterator[Record]], str, str]] = {
    # file stem: (world, domain, origin)
    "intents": (intents, "support", "simulator"),
    "answers": (support_answers, "support", "simulator"),
    "sums": (sums, "arithmetic", "simulator"),
    "sessions": (sessions, "tools", "simulator"),
    "warehouse": (warehouse, "robotics", "simulator"),
    "bioreactor": (bioreactor, "biotech_lab", "simulator"),
    "preferences": (preferences, "support", "simulator"),
}
