"""English words that are split against the rules, or stay whole against them, as spaCy's tokenizer has them.

Facts about spaCy 3.8 (MIT licence; lang/en and lang/tokenizer_exceptions), derived here from their stems. A test with
the marker `peer` compares the whole table with the installed original.
"""

from __future__ import annotations

from functools import lru_cache


def _listed(said: str) -> list[str]:
    return said.split()


_NEGATED = _listed("ca could do does did had may might must need ought sha should wo would")
_NEGATED_ALONE = _listed("ai are is was were have has dare")
_ASKING = _listed("who what when where why how there that this these those")
_NOT_SPLIT = set(_listed("Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore"))
_WHOLE = """
' '' a.m. p.m. e.g. E.g. E.G. i.e. I.e. I.E. v.s. vs. co. and/or w/o o'clock O'clock ma'am Ma'am C++ <space>
\\") \\t \\n \u2014 \u00e4. \u00f6. \u00fc.
'd 's 'S \u2018s \u2018S 're 'll 'em 'nuff em ll nuff 'cause 'Cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout
Adm. Bros. Co. Corp. D.C. Dr. Gen. Gov. Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. Mt. Ph.D. Prof. Rep. Rev. Sen.
St. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. Kans.
Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. S.C. Sep.
Sept. Tenn. Va. Wash. Wis.
"""
_FACES = """
:) :-) :)) :-)) :))) :-))) (: (-: (= (o: :o) :( :-( :(( :-(( :((( :-((( ): )-: =) =( :] :-] [: [-: [= ]= :} :-} :| :-|
=| :/ :-/ =/ :> :-> :* :-* :x :-x :X :-X :p :-p :P :-P :o :-o :O :-O :0 :-0 :1 :3 :-3 =3 :D :-D =D :() :'( :'-( :') :'-)
;) ;-) (; (-; ;D ;-D 8) 8-) 8D 8-D =[ =] >:( >:o <3 <33 <333 </3 <.< >.> >.< -_- -__- ._. ;_; @_@ ^_^ ^__^ ^___^ xD xDD
XD XDD 0.0 0.o 0_0 0_o o.0 o.O o.o o_0 o_O o_o O.O O.o O_O O_o V.V V_V v.v v_v (._.) (*_*) (-8 (-_-) (>_<) (^_^)
><(((*>
"""
_FACES_BEYOND = "(\u00ac_\u00ac) (\u0ca0_\u0ca0) \u0ca0_\u0ca0 \u0ca0\ufe35\u0ca0 \u00af\\(\u30c4)/\u00af "
_FACES_BEYOND += "(\u256f\u00b0\u25a1\u00b0\uff09\u256f\ufe35\u253b\u2501\u253b"

# What is peeled off after a digit.
UNITS = _listed(
    "km km\u00b2 km\u00b3 m m\u00b2 m\u00b3 dm dm\u00b2 dm\u00b3 cm cm\u00b2 cm\u00b3 mm mm\u00b2 "
    "mm\u00b3 ha \u00b5m nm yd in ft kg g mg \u00b5g t lb oz m/s km/h kmh mph hPa Pa mbar mb MB kb KB gb "
    "GB tb TB T G M K % \u043a\u043c \u043a\u043c\u00b2 \u043a\u043c\u00b3 \u043c \u043c\u00b2 "
    "\u043c\u00b3 \u0434\u043c \u0434\u043c\u00b2 \u0434\u043c\u00b3 \u0441\u043c \u0441\u043c\u00b2 "
    "\u0441\u043c\u00b3 \u043c\u043c \u043c\u043c\u00b2 \u043c\u043c\u00b3 \u043d\u043c \u043a\u0433 "
    "\u0433 \u043c\u0433 \u043c/\u0441 \u043a\u043c/\u0447 \u043a\u041f\u0430 \u041f\u0430 "
    "\u043c\u0431\u0430\u0440 \u041a\u0431 \u041a\u0411 \u043a\u0431 \u041c\u0431 \u041c\u0411 "
    "\u043c\u0431 \u0413\u0431 \u0413\u0411 \u0433\u0431 \u0422\u0431 \u0422\u0411 "
    "\u0442\u0431\u0643\u0645 \u0643\u0645\u00b2 \u0643\u0645\u00b3 \u0645 \u0645\u00b2 \u0645\u00b3 "
    "\u0633\u0645 \u0633\u0645\u00b2 \u0633\u0645\u00b3 \u0645\u0645 \u0645\u0645\u00b2 "
    "\u0645\u0645\u00b3 \u0643\u0645 \u063a\u0631\u0627\u0645 \u062c\u0631\u0627\u0645 \u062c\u0645 "
    "\u0643\u063a \u0645\u0644\u063a \u0643\u0648\u0628 \u0627\u0643\u0648\u0627\u0628"
)


def _contractions() -> dict[str, list[str]]:
    """Pieces of each contraction, with apostrophes and without."""
    tails: dict[str, list[list[str]]] = {}

    def add(stems: list[str], *ends: str) -> None:
        for stem in stems:
            tails.setdefault(stem, []).extend(end.split() for end in ends)

    add(["i"], "'m", "'m a")
    add(_listed("i you he she it we they"), "'ll", "'ll 've", "'d", "'d 've")
    add(_listed("i you we they"), "'ve")
    add(_listed("you we they"), "'re")
    add(_listed("he she it"), "'s")
    add(_ASKING, "'ll", "'ll 've", "'d", "'d 've")
    add([word for word in _ASKING if word not in ("these", "those")], "'s")
    add([word for word in _ASKING if word not in ("that", "this")], "'re", "'ve")
    add(_NEGATED, "n't", "n't 've")
    add(_NEGATED_ALONE, "n't")
    add(["could", "might", "must", "should", "would", "not"], "'ve")
    found = {}
    for stem, ends in tails.items():
        for said in (stem, stem.title()):
            for end in ends:
                pieces = [said, *end]
                bare = [piece.replace("'", "") for piece in pieces]
                found["".join(pieces)] = pieces
                found["".join(bare)] = bare
    return found


@lru_cache(maxsize=1)
def exceptions() -> dict[str, tuple[str, ...]]:
    """Each exception and the words it is split into; one word where it stays whole. Without white space."""
    found = _contractions()
    for hour in range(1, 13):
        for half in ("a.m.", "am", "p.m.", "pm"):
            found[f"{hour}{half}"] = [str(hour), half]
    for said in (
        "can not",
        "gon na",
        "got ta",
        "let 's",
        "c'm on",
        "Can not",
        "Gon na",
        "Got ta",
        "Let 's",
        "C'm on",
    ):
        found[said.replace(" ", "")] = said.split()
    found["y'all"], found["yall"] = ["y'", "all"], ["y", "all"]
    found["how'd'y"], found["How'd'y"] = ["how", "'d", "'y"], ["How", "'d", "'y"]
    for scale in "FfCcKk":
        found[f"\u00b0{scale}."] = ["\u00b0", scale, "."]
    for stem in _listed("doin goin nothin nuthin ol somethin lovin havin"):
        for word in (stem, stem.title()):
            found[word], found[word + "'"] = [word], [word + "'"]
    for word in (_WHOLE + _FACES + _FACES_BEYOND).split():
        found[word] = [word]
    for letter in "abcdefghijklmnopqrstuvwxyz":
        found[f"{letter}."] = [f"{letter}."]
    for word in _NOT_SPLIT:
        found.pop(word, None)
    for word, pieces in list(found.items()):
        if "'" in word:
            found[word.replace("'", "\u2019")] = [piece.replace("'", "\u2019") for piece in pieces]
    return {word: tuple(pieces) for word, pieces in found.items()}
