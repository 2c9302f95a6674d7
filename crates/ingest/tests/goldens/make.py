"""Makes splits.json from langchain_text_splitters 1.1.2 and tiktoken (see README.md)."""
import json
from langchain_text_splitters import MarkdownHeaderTextSplitter, RecursiveCharacterTextSplitter, TokenTextSplitter

ENGLISH = """# Transoms

A transom is a crosspiece over a door. The small window above it is called a transom light.
It opens to let air and light through while the door stays shut.

## History

Before electric light and air conditioning, offices and hotels had a transom over every door.   Many had a rod to open them.

### Repair

1. Take the glass out.
2. Clean the frame; sand it.
3. Paint it, twice.


## Code

```python
# not a heading
def open(window):
\treturn window.rotate(45)
```

Done.
"""
MIXED = """Die Oberlichte – ein Fenster über der Tür – läßt Luft herein. Größe: 40×80 cm.\r\nÇa coûte 5 €.

门上的小窗可以打开，让空气和光线进入。这种窗户在没有空调的年代非常常见。办公室和酒店的每扇门上都有一个。

ドアの上の小さな窓は、空気と光を通すために開きます。🔗🛡️👩‍👩‍👧‍👦 絵文字もあります。

문 위의 작은 창문은 공기와 빛이 통하도록 열립니다. Окно над дверью открывается, чтобы впустить воздух и свет.
"""
ODD = "   \n\n\n  leading space, then averyveryverylongwordwithoutanyplacetocutitwhichhastobecutanyway\u00a0and\u3000spaces\n\n\n\n\n\nmany\n\n \n\nlines\tand\ttabs  two  spaces   three\n" + "x" * 130 + "\n\n" + "ab " * 60 + "   \n "
CSV = "\n\n".join(f"city: Town {n}\nyear: {1500 + n}\nnote: {'long ' * (n % 7)}" for n in range(12))
TEXTS = {"english": ENGLISH, "mixed": MIXED, "odd": ODD, "csv": CSV, "short": "hello", "space": " \n\n \n", "empty": ""}
SIZES = [(1000, 100), (200, 20), (100, 0), (80, 40), (37, 36), (10, 3), (2, 1)]

cases = []
for name, text in TEXTS.items():
    for size, overlap in SIZES:
        splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap)
        cases.append({"by": "characters", "text": name, "size": size, "overlap": overlap, "pieces": splitter.split_text(text)})
    for encoding in ("cl100k_base", "o200k_base", "p50k_base"):
        for size, overlap in [(100, 10), (20, 5), (7, 0)]:
            splitter = TokenTextSplitter(encoding_name=encoding, chunk_size=size, chunk_overlap=overlap)
            cases.append({"by": encoding, "text": name, "size": size, "overlap": overlap, "pieces": splitter.split_text(text)})
    headers = MarkdownHeaderTextSplitter([("#" * n, str(n)) for n in range(1, 7)], strip_headers=False)
    sections = [{"text": d.page_content, "headings": [d.metadata[k] for k in sorted(d.metadata)]} for d in headers.split_text(text)]
    cases.append({"by": "headings", "text": name, "size": 0, "overlap": 0, "pieces": [s["text"] for s in sections], "headings": [s["headings"] for s in sections]})
json.dump({"texts": TEXTS, "cases": cases}, open("splits.json", "w"), ensure_ascii=False, indent=0)
