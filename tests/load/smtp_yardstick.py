"""How fast the standard library's smtplib hands over a finished mail, on so many kept connections.

python -m tests.load.smtp_yardstick PORT MAILS CONNECTIONS
"""

import smtplib
import sys
import threading
import time

from tests.load.mail_of_our_size import MAIL


def hand_over(port: int, mails: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, "bench.example") as line:
        for number in range(mails):
            line.sendmail("b@q.example", [f"l{number}@pupils.example"], MAIL)


def main() -> None:
    port, mails, connections = map(int, sys.argv[1:4])
    threads = [
        threading.Thread(target=hand_over, args=(port, mails // connections))
        for _ in range(connections)
    ]
    began, spent = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = mails // connections * connections
    print(sent / (time.perf_counter() - began), (time.process_time() - spent) / sent)


if __name__ == "__main__":
    main()
