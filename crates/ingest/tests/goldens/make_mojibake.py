"""Makes mojibake.json: right and damaged text, and what Python's ftfy makes of it, set as Open WebUI sets it.

    python3 -m venv /tmp/goldens && /tmp/goldens/bin/pip install ftfy
    cd crates/ingest/tests/goldens && /tmp/goldens/bin/python make_mojibake.py > mojibake.json
"""

import json

import ftfy
from ftfy import bad_codecs

RIGHT = [
    "L’été dernier, le café près du château où nous dînions était fermé : « complet », disait-il. Ça coûte 5 €.",
    "¿Dónde está la niña que vivía aquí? El año pasado nadó en la bahía y ganó un trofeo.",
    "A ação começa às três; não há razão para atenção, só paciência e coração.",
    "Größe, Länge und Höhe müssen überall übereinstimmen – schön wäre es, „öfter“ zu prüfen.",
    "Příliš žluťoučký kůň úpěl ďábelské ódy, a pak šel domů přes most.",
    "Zażółć gęślą jaźń; dziś świeci słońce, a żółw śpi pod łóżkiem.",
    "Árvíztűrő tükörfúrógép: a gyönyörű őszi erdőben sétálni jó.",
    "Съешь же ещё этих мягких французских булок, да выпей чаю. Её звали Анна.",
    "Гавань відкрита цілий рік, і їжа тут смачна.",
    "Η θάλασσα είναι ήρεμη σήμερα και το λιμάνι είναι ανοιχτό όλο τον χρόνο.",
    "Fırtınalı günlerde ağır gemiler limana giremez; şimdilik güneş var.",
    "Bến cảng mở cửa quanh năm, và quán cà phê ở bến tàu mở lúc bảy giờ.",
    "海港全年开放，欢迎光临。需要进行身份认证才能访问。",
    "港は一年中開いています。日本語の文章です。カタカナも。",
    "항구는 일년 내내 열려 있습니다. 이 가이드는 설명합니다.",
    "Plain words with an arrow → and a link 🔗, a llama 🦙 and a scroll 📜.",
    "√2 ≈ 1.41, √(a² + b²), 20 °C, ±2, ½ cup, §3, © 2024",
]
ENCODINGS = ["macroman", "sloppy-windows-1252", "latin-1", "sloppy-windows-1251", "sloppy-windows-1250", "cp437", "sloppy-windows-1254"]

bad_codecs.ok()
CONFIG = ftfy.TextFixerConfig(unescape_html=False, fix_character_width=False, uncurl_quotes=False, fix_latin_ligatures=False, normalization=None)


def golden(encoding, text, meant):
    return {"encoding": encoding, "text": text, "meant": meant, "ftfy": ftfy.fix_encoding(text, CONFIG)}


goldens = [golden("right", text, text) for text in RIGHT]
for text in RIGHT:
    for encoding in ENCODINGS:
        try:
            goldens.append(golden(encoding, text.encode().decode(encoding), text))
        except UnicodeDecodeError:
            pass
    twice = text.encode().decode("sloppy-windows-1252").encode().decode("sloppy-windows-1252")
    goldens.append(golden("sloppy-windows-1252 twice", twice, text))
print("[\n" + ",\n".join(json.dumps(golden, ensure_ascii=False) for golden in goldens) + "\n]")
