"""How long a student waits on a slow phone: 400 ms round trip, 400 kbit/s, a sixth of the processor.

    python -m tests.load.slow_phone

Brings its own PostgreSQL and Redis, and ends by itself. Times are from the tap to when the heading
of what follows stands there, in Chromium with an empty cache.
"""

import time
from contextlib import ExitStack

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import PHONE, QUIET_FLAGS
from tests.chromium import find_chromium
from tests.load.answering_rate import _links, _service, _serving

ROUND_TRIP_MS = 400
BYTES_PER_SECOND = 400_000 / 8
SLOWER_BY = 6
STEPS = 12


def main() -> None:
    with ExitStack() as stack:
        parts = stack.enter_context(_service())
        links = _links(parts, 8)
        port = parts.settings.port
        stack.enter_context(_serving(port, "-m", "outreach", "web"))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET_FLAGS)
        for scripts in (True, False):
            for mode in ("pages", "chat"):
                context = browser.new_context(
                    base_url=f"http://127.0.0.1:{port}",
                    viewport=PHONE,  # type: ignore[arg-type]
                    java_script_enabled=scripts,
                )
                page = context.new_page()
                name = f"{mode}, {'with' if scripts else 'without'} scripts"
                print(f"{name}: {walk(page, links.popleft(), mode)}")
                context.close()
        browser.close()


def walk(page: Page, link: str, mode: str) -> str:
    slow_down(page)
    began = time.perf_counter()
    page.goto(link, wait_until="commit")
    page.locator("h1").wait_for()
    landing = time.perf_counter() - began
    page.wait_for_load_state()
    first = after(
        page, lambda: page.locator(f"main button[value={mode}]").click(no_wait_after=True)
    )
    steps = []
    while len(steps) < STEPS and "/answer/check" not in page.url:
        page.wait_for_load_state()
        choice = page.locator("main .choice input, main .reply").first
        if choice.get_attribute("type"):
            choice.check()
            choice = page.locator("main .actions .button").first
        steps.append(after(page, lambda chosen=choice: chosen.click(no_wait_after=True)))
    return (
        f"first page {landing:.1f} s, first question {first:.1f} s, later steps "
        f"{sum(steps) / len(steps):.1f} s on average and {max(steps):.1f} s at most"
    )


def after(page: Page, act: object) -> float:
    """Seconds from the tap to another heading."""
    assert callable(act)
    before = page.locator("h1").inner_text()
    began = time.perf_counter()
    act()
    while page.locator("h1").inner_text() == before:
        time.sleep(0.01)
    return time.perf_counter() - began


def slow_down(page: Page) -> None:
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": ROUND_TRIP_MS,
            "downloadThroughput": BYTES_PER_SECOND,
            "uploadThroughput": BYTES_PER_SECOND,
        },
    )
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_BY})


if __name__ == "__main__":
    main()
