"""A mail server on the machine, by Debian's python3-aiosmtpd: it wants TLS and a password, and writes down what arrives.

It shares no code with the site, and runs with the machine's own Python.
"""

import argparse
import json
import ssl
import threading
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Keep:
    """Writes each mail as one line of JSON."""

    def __init__(self, file: str) -> None:
        self.file = Path(file)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002, N802 - the server calls it so
        """Keep one mail."""
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode(errors="replace"),
            "encrypted": session.ssl is not None,
            "authenticated": session.authenticated,
        }
        with self.file.open("a", encoding="utf-8") as kept:
            kept.write(json.dumps(mail) + "\n")
        return "250 OK"


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", help="where certificate.pem and key.pem lie, and mails are written")
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("user")
    parser.add_argument("password")
    parser.add_argument("--tls", action="store_true", help="encrypted from the start, instead of by STARTTLS")
    options = parser.parse_args()

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:  # noqa: ARG001
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == (options.user, options.password), handled=False)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{options.directory}/certificate.pem", f"{options.directory}/key.pem")
    ways = {"ssl_context": context} if options.tls else {"tls_context": context, "require_starttls": True}
    handler = Keep(f"{options.directory}/mails")
    Controller(
        handler,
        options.address,
        options.port,
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=not options.tls,
        **ways,
    ).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
