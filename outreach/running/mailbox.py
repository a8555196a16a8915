"""The catch-all mail server of `make run`: takes every mail, sends none on, shows them on a page.

python -m outreach.running.mailbox SMTP_PORT PAGE_PORT FOLDER BOUNCE_PORT
"""

import asyncio
import signal
import sys
import threading
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from outreach.running.mailbox_returns import give_back, returned
from outreach.running.mailbox_store import MailStore
from outreach.running.mailbox_web import MailboxServer

LARGEST_MAIL = 10 * 1024 * 1024


class Catcher:
    """Takes a mail for anybody. The reply is given once the mail is on disk; what is to come back
    comes back after that."""

    def __init__(self, store: MailStore, bounce_port: int) -> None:
        self._store = store
        self._bounce_port = bounce_port

    async def handle_DATA(  # noqa: N802 (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        if isinstance(content, str):
            content = content.encode()
        sender = envelope.mail_from or ""
        self._store.add(sender, envelope.rcpt_tos, content or b"")
        for recipient in envelope.rcpt_tos:
            raw = returned(sender, recipient)
            if raw is not None:
                giving = (self._bounce_port, sender, raw)
                threading.Thread(target=give_back, args=giving, daemon=True).start()
        return "250 Kept in the demo mailbox"


async def serve(smtp_port: int, page_port: int, folder: Path, bounce_port: int) -> None:
    """Serve both until SIGTERM or SIGINT. SMTP opens last: who reaches it can read as well."""
    store = MailStore(folder)
    pages = MailboxServer(page_port, store)
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, ended.set)
    catcher = Catcher(store, bounce_port)

    def converse() -> SMTP:
        return SMTP(
            catcher,
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            hostname="demo-mailbox.localhost",
            ident="Demo mailbox",
        )

    server = await loop.create_server(converse, "127.0.0.1", smtp_port)
    await ended.wait()
    server.close()
    pages.shutdown()
    pages.server_close()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
