"""Every invented name and code of the example province: nothing here exists.

The tests compare these names with the lists of real ones where those are at hand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

PROVINCES = {"PV91": "Haverland", "PV92": "Zandgouw"}
MERGED = ("GM9121", "Klaverdijk", "GM9116", "2023-01-01")
YEARS = (2021, 2022, 2023, 2024, 2025)


def words(text: str, mark: str | None = None) -> list[str]:
    """Split a list that reads better as one text."""
    return text.split(mark)


class Gemeente(NamedTuple):
    """A gemeente: where its town lies (km, RD), thousands of inhabitants, number of PC4s."""

    code: str
    name: str
    x: float
    y: float
    inhabitants: float
    pc4s: int
    town_pc4s: int
    outlook: float  # students in 2035 as a share of those in 2025


# The first number of PC4s is the whole gemeente, the second those of its town.
GEMEENTEN: tuple[Gemeente, ...] = (
    Gemeente("GM9101", "Haverdam", 51.6, 558.9, 165, 22, 18, 0.99),
    Gemeente("GM9102", "Walmeerde", 39.5, 566.5, 118, 16, 12, 1.14),
    Gemeente("GM9103", "Zoutkerke", 31.0, 571.8, 30, 5, 2, 0.95),
    Gemeente("GM9104", "Noorderbuul", 42.5, 578.0, 28, 5, 1, 0.97),
    Gemeente("GM9105", "Oosterlede", 56.0, 577.6, 33, 5, 2, 0.96),
    Gemeente("GM9106", "Wierdinge", 68.0, 573.6, 24, 5, 1, 0.90),
    Gemeente("GM9107", "Brakelaar", 62.0, 567.0, 38, 5, 2, 0.97),
    Gemeente("GM9108", "Eekwolde", 71.0, 563.8, 21, 5, 1, 0.92),
    Gemeente("GM9109", "Duinhorst", 29.0, 561.0, 26, 5, 1, 0.95),
    Gemeente("GM9110", "Kreekerveen", 37.0, 557.3, 19, 5, 1, 0.96),
    Gemeente("GM9111", "Lindewaarde", 45.5, 563.2, 42, 5, 2, 1.12),
    Gemeente("GM9112", "'s-Jorisveen", 51.5, 569.5, 27, 5, 1, 1.10),
    Gemeente("GM9113", "Zuiderlo", 49.5, 545.8, 55, 8, 5, 0.96),
    Gemeente("GM9114", "Grauwerkapel", 38.3, 540.6, 31, 5, 2, 0.76),
    Gemeente("GM9115", "Vlierhaven", 30.6, 535.6, 22, 5, 1, 0.72),
    Gemeente("GM9116", "Hoge Rietlanden", 41.0, 531.2, 24, 6, 1, 0.94),
    Gemeente("GM9117", "Terhagel", 59.0, 550.3, 36, 5, 2, 0.97),
    Gemeente("GM9118", "Broekwaarde (H.)", 68.2, 553.5, 18, 5, 1, 0.93),
    Gemeente("GM9119", "Poelgaarde", 50.3, 534.3, 26, 5, 1, 0.95),
    Gemeente("GM9120", "Vlieterplaat", 26.0, 583.0, 4, 2, 1, 0.90),
    Gemeente("GM9122", "Hoornstede", 67.0, 543.6, 72, 8, 6, 1.01),
    Gemeente("GM9123", "Broekwaarde (Z.)", 70.8, 535.2, 20, 4, 1, 0.93),
    Gemeente("GM9124", "Elzenkamp", 60.0, 530.0, 25, 4, 1, 0.95),
    Gemeente("GM9125", "Tolbrugge", 58.6, 539.8, 31, 5, 2, 0.97),
)
ISLAND, TWINS, ISLET_OWNER = "GM9120", ("GM9118", "GM9123"), "GM9110"
SHRINKING, GROWING = ("GM9114", "GM9115"), ("GM9102", "GM9111", "GM9112")

_HEAD = words(
    "Aver Blijf Drenger Ekster Fluister Gorver Hulver Jokke Kwalster Lisser Moerel Nettel Oever "
    "Pijper Rasser Schorrel Tureluur Vennig Wulpen Zeuger Bazel Distel Grutter Kluten Koet "
    "Snippen Tjalk Botter Schokker Punter Steven Kwikstaart Gagel Sleedoorn"
)
_TAIL = words(
    "dijk horst kerke zijl buren hoek gaarde weerd plaat sluis terp waard kamp voorde mond "
    "schans hage wolde"
)
STREET_HEAD = words(
    "Zilvermeeuw Lijnbaan Touwslager Bakenmeester Zeekraal Lamsoor Kaapstander Dwarskade "
    "Wadloper Scheepsbel Stuurhut Kokmeeuw Loodsmans Wierriet Schelpzand Peilstok Duinroos "
    "Kraaihei Turfschip Windvaan"
)
STREET_TAIL = ("straat", "weg", "laan", "kade", "dreef", "plein")


def place_of(gemeente: str) -> str:
    """Return the town of a gemeente: its name without the province suffix of the CBS."""
    return gemeente.partition(" (")[0]


def village_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return distinct invented village names."""
    every = [head + tail for head in _HEAD for tail in _TAIL]
    return [every[i] for i in rng.permutation(len(every))[:count]]


def street_name(i: int) -> str:
    """Return an invented street name."""
    return STREET_HEAD[i % len(STREET_HEAD)] + STREET_TAIL[i * 7 % 6]


def pc4_numbers() -> list[int]:
    """Return 150 numbers that no real postcode has."""
    return [*range(8942, 9001), *range(6746, 6811), *range(4945, 5011)][:150]


class Institution(NamedTuple):
    """An institution; ``kind`` is DUO's MBO INSTELLINGSSOORT - CODE."""

    brin: str
    name: str
    kind: str
    kind_name: str
    gemeente: str
    url: str


INSTITUTIONS: tuple[Institution, ...] = (
    Institution(
        "91AA", "ROC Havermonde", "ROC", "Regionaal Opleidingen Centrum", "GM9101", "rochm"
    ),
    Institution(
        "91AB", "Walmeer College", "ROC", "Regionaal Opleidingen Centrum", "GM9102", "walmeer"
    ),
    Institution(
        "91AC",
        "Kwelder & Klei College",
        "BERV",
        "Verticale scholengemeenschap met beroepscollege",
        "GM9113",
        "kwelderklei",
    ),
    Institution(
        "91AD", "Beroepscollege 't Want & Roer", "BER", "Beroepscollege", "GM9103", "wantroer"
    ),
    Institution(
        "91AE",
        "Zandgouw Opleidingen",
        "ROCV",
        "Verticale scholengemeenschap met regionaal opleidingen centrum",
        "GM9122",
        "zandgouw",
    ),
    Institution(
        "91AF",
        "Volwassenencollege De Nieuwe Start",
        "ROC",
        "Regionaal Opleidingen Centrum",
        "GM9101",
        "nieuwestart",
    ),
)
VAVO = "91AF"


class Site(NamedTuple):
    """A teaching location: town, offset from its middle (m), size and address."""

    code: str
    brin: str
    gemeente: str
    dx: float
    dy: float
    size: float
    street: str
    number: int


_SITES = """
91AA GM9101 -300 350 9 Lijnbaankade
91AA GM9101 1500 -900 7 Jonkvrouw-Adelheidlaan
91AA GM9101 -1700 1500 6 Bakenmeesterweg
91AA GM9101 700 2200 4 Zeekraaldreef
91AA GM9111 200 -250 4 Touwslagerstraat
91AA GM9107 250 200 4 Scheepsbelplein
91AA GM9112 -150 200 2 Sint-Jorisdreef
91AA GM9113 300 500 5 Dwarskadeweg
91AA GM9105 100 -300 3 Kokmeeuwlaan
91AA GM9106 -200 -150 2 Wierrietstraat
91AB GM9102 200 300 8 Loodsmanskade
91AB GM9102 -1300 -500 6 Windvaanlaan
91AB GM9102 900 1400 5 Turfschipweg
91AB GM9102 1300 -1200 3 Stuurhutstraat
91AB GM9103 -250 150 3 Wadloperweg
91AB GM9104 200 100 2 Duinroosstraat
91AB GM9109 150 -200 2 Schelpzandlaan
91AB GM9111 -500 450 3 Noord-Zuidlaan
91AC GM9113 -700 -400 4 Kraaiheiweg
91AC GM9101 -800 -600 3 Lamsoorlaan
91AC GM9114 150 -200 3 Peilstokstraat
91AC GM9108 -200 150 2 Zilvermeeuwdreef
91AC GM9119 150 250 2 Oude-Turfvaartweg
91AD GM9103 -500 -100 3 Kaapstanderkade
91AD GM9101 2300 900 4 Scheepsbelkade
91AD GM9106 200 250 1.5 Loodsmansplein
91AD GM9102 -400 -1500 2 Lijnbaanweg
91AE GM9122 100 250 7 Duinroosplein
91AE GM9122 -1100 -700 5 Windvaandreef
91AE GM9117 250 -150 3 Wadloperlaan
91AE GM9125 -200 250 2 Turfschipkade
91AE GM9113 1100 -200 3 Zeekraalstraat
91AF GM9101 1500 -900 2 Jonkvrouw-Adelheidlaan
91AF GM9102 500 -300 1 Kokmeeuwplein
91AF GM9122 500 -300 1 Lamsoorweg
"""


def sites() -> list[Site]:
    """Return the 35 teaching locations, numbered 901X001 and up."""
    found = []
    for i, line in enumerate(_SITES.split("\n")[1:-1]):
        brin, gemeente, dx, dy, size, street = words(line)
        number = 12 if street.startswith("Jonkvrouw") else 1 + i * 17 % 90
        code = f"901X{i + 1:03d}"
        found.append(Site(code, brin, gemeente, float(dx), float(dy), float(size), street, number))
    return found


NO_COORDINATES, SAME_ADDRESS = "901X031", ("901X002", "901X033")


class Programme(NamedTuple):
    """A programme (erkende opleiding): where it is offered and how popular it is."""

    crebo: int
    name: str
    level: int  # 0: vavo
    paths: tuple[str, ...]
    group: str
    chamber: str
    weight: float
    women: float
    sites: tuple[int, ...]


GROUPS = {
    "E": ("Entree", "Entree", 0.4),
    "Z": ("Zorg en welzijn", "Zorg, welzijn en sport", 0.84),
    "V": ("Veiligheid en sport", "Zakelijke dienstverlening en veiligheid", 0.3),
    "A": ("Economie en administratie", "Zakelijke dienstverlening en veiligheid", 0.5),
    "H": ("Handel en ondernemerschap", "Handel", 0.45),
    "I": ("Informatie en communicatietechnologie", "Ict en creatieve industrie", 0.08),
    "M": ("Media en vormgeving", "Ict en creatieve industrie", 0.55),
    "B": ("Bouw en infra", "Techniek en gebouwde omgeving", 0.06),
    "T": ("Techniek en procesindustrie", "Techniek en gebouwde omgeving", 0.07),
    "W": ("Mobiliteit en voertuigen", "Mobiliteit, transport, logistiek en maritiem", 0.06),
    "S": (
        "Transport, scheepvaart en logistiek",
        "Mobiliteit, transport, logistiek en maritiem",
        0.12,
    ),
    "K": ("Horeca en bakkerij", "Voedsel, groen en gastvrijheid", 0.4),
    "G": ("Voedsel, natuur en leefomgeving", "Voedsel, groen en gastvrijheid", 0.55),
    "R": ("Ambacht, laboratorium en gezondheidstechniek", "Specialistisch vakmanschap", 0.5),
    "U": ("Uiterlijke verzorging", "Specialistisch vakmanschap", 0.96),
}

# level, paths (O = BOL, B = BBL), group, weight, numbers of the sites | name
_PROGRAMMES = """
1 OB E 5 1,5,8,11,15,20,28,33 | Startopleiding dienstverlening kust
1 OB E 4 2,12,19,21,24,29,34,35 | Startopleiding techniek kust
2 OB Z 9 1,6,8,11,15,17,28,30 | Helpende in dorp en wijk
3 OB Z 14 1,5,6,8,9,11,12,15,28,30 | Verzorgende in de delta
4 OB Z 20 1,6,8,11,12,28,29 | Verpleegkunde langs de kust
3 O Z 8 2,5,11,16,28,32 | Begeleider kleine kinderen kust
4 O Z 13 2,7,8,11,18,29,30 | Begeleider jeugd en buurt
4 O Z 8 2,12,29 | Schoolhulp met pedagogisch accent
2 O V 7 3,8,13,28 | Toezichthouder haven en stad
3 O V 6 3,13,29 | Bewaker publieke ruimte kust
3 O V 7 4,12,29 | Sportbegeleider strand en zaal
4 O V 6 4,12,28 | Coach bewegen en buitenleven
2 O A 4 2,6,13,17,28,33 | Kantoormedewerker kleinbedrijf
3 OB A 6 2,8,11,28 | Administratiekracht polderbedrijf
4 O A 9 2,8,11,29,32 | Beheerder boekhouding delta
4 O A 6 2,12,29 | Juridisch medewerker loket
2 OB H 7 1,5,9,13,16,28,32 | Winkelmedewerker nabij
3 OB H 6 1,5,11,29 | Winkelspecialist nabij
4 O H 10 1,8,11,18,28 | Ondernemer eigen zaak kust
3 O I 7 3,8,13,29 | Beheerder netwerken kleinbedrijf
4 O I 10 3,8,13,29 | Bouwer van software en data
4 O M 6 4,13 | Vormgever beeld en ruimte kust
3 O M 4 4,13 | Maker podium en geluid
2 B B 5 5,10,14,31 | Dijkwerker
3 OB B 7 5,14,32 | Allround dijkbouwer
4 O B 5 3,14,29 | Middenkader deltabouw
2 OB T 6 5,14,24,27,31 | Monteur gemalen
3 OB T 7 3,14,25,32 | Allround monteur windparken
4 O T 8 3,14,25,29 | Technicus sluizen en gemalen
2 OB W 5 6,14,31 | Monteur landbouwvoertuigen kust
3 OB W 5 6,14,29 | Eerste monteur elektrisch rijden
2 OB S 4 24,25,27,32 | Matroos kleine vaart
3 OB S 5 24,25,27 | Stuurman waddenvaart
4 O S 3 25 | Kapitein kustveren
3 B S 5 13,25,31 | Chauffeur zwaar vervoer delta
2 OB K 6 9,12,16,28 | Kok in de strandtent
3 OB K 5 2,12,29 | Gastheer op het eiland
4 O K 5 2,12 | Leider horeca aan zee
2 OB G 6 19,20,21,22,23 | Medewerker kwelder en klei
3 OB G 6 19,21,22,23 | Vakman zilte teelt
4 O G 7 19,20,23 | Beheerder natuur en dijk
3 O G 6 19,20,22 | Dierverzorger veulen en vee
4 O R 4 4,20 | Laborant water en bodem
3 OB R 0.2 3,20 | Instrumentmaker getijdeklokken
4 O R 2 26 | Restaurator houten schepen
2 O U 5 2,12,28 | Kapper met zeebries
3 OB U 5 2,12,29 | Allround kapper met zeebries
0 O E 0 33,34,35 | Vavo voor volwassenen, vmbo-tl
0 O E 0 33,34,35 | Vavo voor volwassenen, havo
0 O E 0 33,34 | Vavo voor volwassenen, vwo
"""


def programmes() -> list[Programme]:
    """Return the 50 programmes, crebo 98001 and up."""
    found = []
    for i, line in enumerate(_PROGRAMMES.split("\n")[1:-1]):
        left, name = line.split(" | ")
        level, paths, group, weight, at = left.split()
        label, chamber, women = GROUPS[group]
        found.append(
            Programme(
                98001 + i,
                name,
                int(level),
                tuple({"O": "BOL", "B": "BBL"}[p] for p in paths),
                label,
                chamber,
                float(weight),
                women,
                tuple(int(n) - 1 for n in at.split(",")),
            )
        )
    return found


DOUBLED, LACUNA = 98044, 98045
