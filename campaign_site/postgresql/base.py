"""Django's PostgreSQL, which asks a connection whether it lives only where that is in doubt.

With `CONN_HEALTH_CHECKS`, Django sends a statement and waits for its answer before the first one of
every request. A server that ends a connection says so on it (or the kernel does for it): where
nothing has come in unasked, the connection is as alive as a moment after any answer.
"""

import select

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self):
        if self.connection is None:
            return False
        doubtful = (
            self.errors_occurred
            or self.connection.closed
            or self.connection.info.transaction_status != TransactionStatus.IDLE
            or self._something_came()
        )
        return super().is_usable() if doubtful else True

    def _something_came(self) -> bool:
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return bool(poll.poll(0))
