"""What a check of words must know of languages: their tags, which look alike to a listener, which words carry meaning.

English is known well, other languages as far as their negations go; there a word's length tells whether it carries
meaning.
"""

from __future__ import annotations

UNSPACED = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})

# ISO 639-2 and 639-3 tags of languages whose usual tag has two letters; bibliographic forms included.
_SHORT_TAGS = {
    **{"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt"},
    **{"nld": "nl", "dut": "nl", "pol": "pl", "rus": "ru", "ukr": "uk", "zho": "zh", "chi": "zh", "cmn": "zh"},
    **{"jpn": "ja", "kor": "ko", "hin": "hi", "ara": "ar", "tur": "tr", "swe": "sv", "dan": "da", "nor": "no"},
    **{"nob": "no", "nno": "nn", "nb": "no", "fin": "fi", "ces": "cs", "cze": "cs", "slk": "sk", "slo": "sk"},
    **{"ell": "el", "gre": "el", "hun": "hu", "ron": "ro", "rum": "ro", "heb": "he", "iw": "he", "vie": "vi"},
    **{"tha": "th", "ind": "id", "in": "id", "msa": "ms", "may": "ms", "fas": "fa", "per": "fa", "ben": "bn"},
    **{"tam": "ta", "tel": "te", "urd": "ur", "cat": "ca", "bul": "bg", "hrv": "hr", "srp": "sr", "bos": "bs"},
    **{"slv": "sl", "lit": "lt", "lav": "lv", "est": "et", "fil": "tl", "tgl": "tl", "glg": "gl", "eus": "eu"},
    **{"baq": "eu", "isl": "is", "ice": "is", "mkd": "mk", "mac": "mk", "swa": "sw", "mar": "mr", "cym": "cy"},
}
_NAMES = {
    **{"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "pt": "Portuguese"},
    **{"nl": "Dutch", "pl": "Polish", "ru": "Russian", "uk": "Ukrainian", "zh": "Chinese", "ja": "Japanese"},
    **{"ko": "Korean", "hi": "Hindi", "ar": "Arabic", "tr": "Turkish", "sv": "Swedish", "da": "Danish"},
    **{"no": "Norwegian", "fi": "Finnish", "cs": "Czech", "el": "Greek", "he": "Hebrew", "vi": "Vietnamese"},
    **{"th": "Thai", "id": "Indonesian", "hu": "Hungarian", "ro": "Romanian", "ca": "Catalan"},
}
# Neighbours that a listener takes for each other even when each is spoken well.
_ALIKE = (
    frozenset({"no", "nn", "da", "sv"}),
    frozenset({"hr", "sr", "bs", "sl", "mk"}),
    frozenset({"zh", "yue"}),
    frozenset({"id", "ms", "jw", "su"}),
    frozenset({"hi", "ur", "pa", "ne"}),
    frozenset({"es", "gl", "ca"}),
    frozenset({"pt", "gl"}),
    frozenset({"cs", "sk"}),
    frozenset({"ru", "uk", "be"}),
    frozenset({"nl", "af"}),
    frozenset({"de", "lb"}),
)
_NEGATIONS = {
    "en": "not no never none nobody nothing nowhere neither nor without cannot",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals niemand nichts ohne weder",
    "fr": "pas jamais rien personne aucun aucune sans ni non",
    "es": "no nunca jamás nadie nada ningún ninguno ninguna sin ni tampoco",
    "it": "non no mai nessuno nessuna niente nulla senza né",
    "pt": "não nunca jamais ninguém nada nenhum nenhuma sem nem",
    "nl": "niet geen nooit niemand niets nergens zonder",
    "pl": "nie nigdy nikt nic żaden żadna bez ani",
    "ru": "не нет никогда никто ничего ничто без ни",
    "uk": "не ні ніколи ніхто нічого без",
    "sv": "inte ingen inget inga aldrig utan",
    "da": "ikke ingen intet aldrig uden",
    "no": "ikke ingen intet aldri uten",
    "zh": "不 没 沒 无 無 别 別 未",
    "ja": "不 無 非",
}
_EMPTY_ENGLISH = """
a an the and or but so as if than then that this these those there here it its he she they them him her his hers their
theirs we us our ours you your yours i me my mine who whom whose which what is am are was were be been being has have
had do does did will would shall should can could may might must of to in into on onto at by for from with about over
under up down out off just very too also well oh ah um uh hmm yeah yes okay ok now let got get some any each all both
such while when where how why because
"""


def base_language(tag: str) -> str:
    """The short form of a language tag: ``en`` for ``eng``, ``en-US`` or ``EN``. An unknown tag comes back as it is."""
    base = tag.strip().lower().replace("_", "-").split("-")[0]
    return _SHORT_TAGS.get(base, base)


def name_language(language: str) -> str:
    """The English name of a language, its tag where there is none at hand."""
    return _NAMES.get(language, f"the language “{language}”")


def are_alike(one: str, other: str) -> bool:
    """Whether a listener may take one language for the other."""
    return one == other or any(one in group and other in group for group in _ALIKE)


def is_negation(word: str, *, language: str) -> bool:
    """Whether a normalised word turns what is said into its opposite."""
    return word in _NEGATIONS.get(language, "").split()


def is_number(word: str) -> bool:
    """Whether a normalised word holds figures; normalising writes English numbers so."""
    return any(map(str.isdigit, word))


def is_content(word: str, *, language: str) -> bool:
    """Whether a normalised word carries meaning of its own, so that another in its place says something else."""
    if language in UNSPACED or is_number(word) or is_negation(word, language=language):
        return True
    return word not in _EMPTY_ENGLISH.split() if language == "en" else len(word) > 3
