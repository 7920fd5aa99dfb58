"""Debian's chromium, without a window and cut off from the network: pictures, printing, console, requests, widths."""

from __future__ import annotations

import html
import json
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

_QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--hide-scrollbars"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_ITS_OWN = re.compile(r"(^|\.)(google\.com|googleapis\.com|gvt1\.com|gstatic\.com)$")
"""Hosts that the browser itself calls on (updates, clock); no page of ours names them."""


def run(chromium: str, page: Path, *flags: str) -> tuple[str, str]:
    """Open a page in a fresh profile; returns stdout and the log."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, *_QUIET, f"--user-data-dir={profile}", "--enable-logging=stderr", "--v=0", *flags]
        done = subprocess.run(
            [*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True, errors="replace"
        )
    return done.stdout, done.stderr


def console(log: str) -> list[str]:
    """Lines that the page wrote to the console (also policy violations)."""
    return [line for line in log.splitlines() if ":CONSOLE" in line]


def requests(net_log: Path) -> list[str]:
    """Addresses that were asked for, but for the browser's own."""
    text = net_log.read_text(encoding="utf-8", errors="replace")
    found = {m.group(1) for m in re.finditer(r'"url":"((?:https?|wss?|ftp)://[^"]+)"', text)}
    return sorted(url for url in found if not _ITS_OWN.search(urlsplit(url).hostname or ""))


def measured(chromium: str, page: Path, width: int, folder: Path) -> dict:
    """Lay the page, unchanged, into a frame of this width; open every detail; measure from outside."""
    wrapper = folder / f"frame{width}.html"
    wrapper.write_text(
        f"""<!doctype html><meta charset="utf-8"><body>
<iframe style="width:{width}px;height:900px;border:0" srcdoc="{html.escape(page.read_text(encoding="utf-8"))}"></iframe>
<pre id="out"></pre><script>
onload = () => {{
  const doc = document.querySelector("iframe").contentDocument;
  doc.querySelectorAll("details").forEach(d => d.open = true);
  const wide = doc.documentElement.clientWidth;
  const beyond = [...doc.querySelectorAll("body *:not(svg *):not(.gone):not(.gone *)")]
    .filter(e => e.getClientRects().length && !e.closest("thead") && e.getBoundingClientRect().right > wide + 1)
    .map(e => e.tagName + "." + e.className);
  const states = part => [...new Set([...part.querySelectorAll(".outlines")].map(e => getComputedStyle(e).display))];
  const outlines = [...doc.querySelectorAll(".pics, .mammo:has(.hang)")].map(part => {{
    const before = states(part);
    const box = part.querySelector("input");
    if (box) box.click();
    return [before, states(part)];
  }});
  document.querySelector("#out").textContent = JSON.stringify({{
    client: wide, scroll: doc.documentElement.scrollWidth, beyond,
    outlines,
    scripts: doc.scripts.length, alerted: doc.defaultView.alerted === true,
    background: getComputedStyle(doc.body).backgroundColor,
  }});
}};
</script>""",
        encoding="utf-8",
    )
    dom, _ = run(chromium, wrapper, "--dump-dom", f"--window-size={max(600, width + 40)},1000")
    return json.loads(html.unescape(re.search(r'<pre id="out">(.*?)</pre>', dom, re.S).group(1)))
