"""Kept connections to one mail server, shared by the threads of one process."""

import contextlib
import os
import ssl
import threading
import weakref
from collections.abc import Iterator

from outreach.mail.smtp_url import SmtpServer
from outreach.mail.transport import Connection, Limits


class PoolClosed(RuntimeError):
    """The pool was asked for a connection after `close`."""


class Pool:
    """At most `size` connections at once; a thread that finds all in use waits. After a fork the
    child's copy is empty: it drops the parent's sockets without a word and opens its own."""

    def __init__(
        self,
        server: SmtpServer,
        size: int,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        if size < 1:
            raise ValueError("A pool needs room for at least one connection.")
        self._server = server
        self._size = size
        self._limits = limits
        self._tls = tls or ssl.create_default_context()  # 20 ms and more: once, not per connection
        self._is_closed = False
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._lent: set[Connection] = set()
        _pools.add(self)

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """One connection for this thread alone. An exception inside drops it: the next mail begins
        on a fresh one."""
        process = os.getpid()
        connection = self._take()
        try:
            yield connection
        except BaseException:
            connection.drop()
            raise
        finally:
            if process == os.getpid():
                self._give_back(connection)
            else:
                connection.drop()  # forked inside the block: its place is in the parent's pool

    def close_idle(self) -> None:
        """Closes what has been idle too long. `connection` does so by itself; a worker with nothing
        to send may call this now and then."""
        with self._changed:
            stale = [each for each in self._idle if each.is_stale]
            self._idle = [each for each in self._idle if not each.is_stale]
        for each in stale:
            each.close()

    def close(self) -> None:
        """Closes the idle ones now, those in use when they come back. No new ones after that."""
        with self._changed:
            self._is_closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for each in idle:
            each.close()

    def _take(self) -> Connection:
        self.close_idle()
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or len(self._lent) < self._size)
            if self._is_closed:
                raise PoolClosed("This pool of mail connections is closed.")
            # The one used last, so that those not needed grow old and are closed.
            connection = (
                self._idle.pop()
                if self._idle
                else Connection(self._server, limits=self._limits, tls=self._tls)
            )
            self._lent.add(connection)
            return connection

    def _give_back(self, connection: Connection) -> None:
        with self._changed:
            self._lent.discard(connection)
            is_usable = connection.is_open and not connection.has_said_ahead
            is_kept = is_usable and not self._is_closed
            if is_kept:
                self._idle.append(connection)
            self._changed.notify()
        if not is_kept:
            connection.close()

    def _begin_again_in_child(self) -> None:
        """Another thread of the parent may have held the lock at the fork, so the lock is new."""
        self._changed = threading.Condition()
        for inherited in (*self._idle, *self._lent):
            inherited.drop()
        self._idle, self._lent = [], set()


_pools: "weakref.WeakSet[Pool]" = weakref.WeakSet()


def _empty_pools_in_child() -> None:
    for pool in list(_pools):
        pool._begin_again_in_child()


os.register_at_fork(after_in_child=_empty_pools_in_child)
