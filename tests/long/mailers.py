"""How each real mail server is set up: what it makes of the five mailboxes of pupils.example.

UNKNOWN has no mailbox, FULL's is full, POLICY is kept from outside mail by a rule, SMALL takes only
small mail, and FINE takes all. Each server takes the mail first and finds out afterwards, as one
that stands before a school's own does; what it gives back goes through its queue to BOUNCE_DOMAIN.
"""

from collections.abc import Callable, Sequence

from tests.contract.catching import free_port
from tests.long.boxed import MX, Box

BOUNCE_DOMAIN = "bounces.example"
UNKNOWN, FULL, POLICY, SMALL, FINE = (f"pupil{number}" for number in range(5))
RULE = "Students may only get mail from senders on the list of the school"
BOXES = "mailboxes"
TOO_SMALL = 1024

Boxes = Sequence[Box]
"""Of one mailer; the first is who takes our mail."""


def postfix(bounce_port: int) -> Boxes:
    """Unknown and full are found by its virtual(8), the rule by error(8), the size by a next hop."""
    port, next_hop = free_port(), free_port()
    limit = 1_000_000
    main = f"""
        compatibility_level = 3.6
        myhostname = {MX}
        mydestination =
        alias_maps =
        alias_database =
        inet_interfaces = 127.0.0.1
        inet_protocols = ipv4
        smtpd_relay_restrictions = permit_mynetworks, reject
        smtpd_reject_unlisted_recipient = no
        smtp_host_lookup = native
        maillog_file = /var/log/postfix
        message_size_limit = {limit}
        virtual_mailbox_limit = {limit}
        virtual_mailbox_domains = pupils.example
        virtual_mailbox_maps = texthash:/etc/postfix/boxes
        virtual_mailbox_base = /var/mail
        virtual_uid_maps = static:9100
        virtual_gid_maps = static:9100
        transport_maps = texthash:/etc/postfix/transport
    """
    master = f"""
        127.0.0.1:{port}     inet n - n - - smtpd
        127.0.0.1:{next_hop} inet n - n - - smtpd -o message_size_limit={TOO_SMALL}
        cleanup    unix n - n - 0 cleanup
        qmgr       unix n - n 300 1 qmgr
        flush      unix n - n - 0 flush
        postlog    unix-dgram n - n - 1 postlogd
        rewrite    unix - - n - - trivial-rewrite
        bounce     unix - - n - 0 bounce
        defer      unix - - n - 0 bounce
        trace      unix - - n - 0 bounce
        verify     unix - - n - 1 verify
        proxymap   unix - - n - - proxymap
        smtp       unix - - n - - smtp
        error      unix - - n - - error
        retry      unix - - n - - error
        virtual    unix - n n - - virtual
        anvil      unix - - n - 1 anvil
        scache     unix - - n - 1 scache
        tlsmgr     unix - - n 1000 1 tlsmgr
    """
    transport = f"""{BOUNCE_DOMAIN} smtp:[127.0.0.1]:{bounce_port}
{POLICY}@pupils.example error:5.7.1 {RULE}
{SMALL}@pupils.example smtp:[127.0.0.1]:{next_hop}
"""
    return (
        Box(
            name="Postfix",
            package="postfix",
            port=port,
            command=("/usr/lib/postfix/sbin/master", "-i"),
            users=(BOXES, "postfix", "postdrop"),
            etc={
                "postfix/main.cf": _flush(main),
                "postfix/master.cf": _flush(master),
                "postfix/boxes": f"{FULL}@pupils.example full\n{FINE}@pupils.example fine\n",
                "postfix/transport": transport,
            },
            prepare=f"""
                truncate -s {limit} /var/mail/full
                chown {BOXES}:{BOXES} /var/mail/full
                mkdir /var/spool/postfix /var/lib/postfix
                chown postfix /var/lib/postfix
                postfix check || true
            """,
        ),
    )


def exim(bounce_port: int) -> Boxes:
    """The rule and the size are a next hop's, unknown and full it finds itself. (A size limit of its
    own transport it would keep to itself: the notice then gives no reason at all.)"""
    port, next_hop, small = free_port(), free_port(), free_port()
    text = f"""
        primary_hostname = {MX}
        local_interfaces = 127.0.0.1
        daemon_smtp_ports = {port} : {next_hop} : {small}
        message_size_limit = ${{if eq{{$received_port}}{{{small}}}{{{TOO_SMALL}}}{{1M}}}}
        log_file_path = /var/log/exim-%s
        acl_smtp_rcpt = rcpt
        acl_smtp_data = data
        domainlist here = pupils.example
        hostlist us = 127.0.0.1
        rfc1413_hosts =
        host_lookup =

        begin acl
        rcpt:
          deny message = 5.7.1 {RULE}
               local_parts = {POLICY}
               condition = ${{if eq{{$received_port}}{{{next_hop}}}}}
          accept hosts = +us
        data:
          accept

        begin routers
        back:
          driver = manualroute
          domains = {BOUNCE_DOMAIN}
          route_list = * 127.0.0.1
          self = send
          transport = back
        rule:
          driver = manualroute
          domains = +here
          local_parts = {POLICY}
          condition = ${{if eq{{$received_port}}{{{port}}}}}
          route_list = * 127.0.0.1
          self = send
          transport = next_hop
        small:
          driver = manualroute
          domains = +here
          local_parts = {SMALL}
          route_list = * 127.0.0.1
          self = send
          transport = small
        full:
          driver = accept
          domains = +here
          local_parts = {FULL}
          transport = full
        fine:
          driver = accept
          domains = +here
          local_parts = {FINE}
          transport = fine

        begin transports
        back:
          driver = smtp
          port = {bounce_port}
          allow_localhost
        next_hop:
          driver = smtp
          port = {next_hop}
          allow_localhost
        small:
          driver = smtp
          port = {small}
          allow_localhost
        full:
          driver = appendfile
          file = /var/mail/full
          user = {BOXES}
          quota = {TOO_SMALL}
        fine:
          driver = appendfile
          file = /var/mail/fine
          user = {BOXES}
    """
    return (
        Box(
            name="Exim",
            package="exim4-daemon-light",
            port=port,
            command=("/usr/sbin/exim4", "-bdf", "-q1m"),
            users=(BOXES, "Debian-exim"),
            etc={"exim4/exim4.conf": _flush(text)},
            prepare="""
                mkdir -m 750 /var/spool/exim4
                chown Debian-exim:Debian-exim /var/spool/exim4 /var/log
            """,
        ),
    )


def opensmtpd(bounce_port: int) -> Boxes:
    """A relay, and two servers of the school behind it. It keeps no quota: whatever puts mail into a
    mailbox for it does, and says so with these words, as Dovecot's program does."""
    relay, school, small = free_port(), free_port(), free_port()
    back = f"""
        action "back" relay host "smtp://127.0.0.1:{bounce_port}"
        match from any for domain "{BOUNCE_DOMAIN}" action "back"
    """
    at_relay = f"""
        listen on 127.0.0.1 port {relay}
        action "school" relay host "smtp://127.0.0.1:{school}"
        action "small" relay host "smtp://127.0.0.1:{small}"
        {back}
        match from any for rcpt-to "{SMALL}@pupils.example" action "small"
        match from any for domain "pupils.example" action "school"
    """
    at_school = f"""
        table kept {{ "{POLICY}@pupils.example" }}
        filter "rule" phase rcpt-to match rcpt-to <kept> reject "550 5.7.1 {RULE}"
        listen on 127.0.0.1 port {school} filter "rule"
        action "full" mda "sh /etc/smtpd-full" user {BOXES}
        action "fine" maildir "/var/mail/fine" user {BOXES}
        {back}
        match from any for rcpt-to "{FULL}@pupils.example" action "full"
        match from any for domain "pupils.example" action "fine"
    """
    at_small = f"""
        smtp max-message-size "1K"
        listen on 127.0.0.1 port {small}
        action "fine" maildir "/var/mail/fine" user {BOXES}
        match from any for domain "pupils.example" action "fine"
    """
    full = 'cat >/dev/null\necho "Quota exceeded (mailbox for user is full)" >&2\nexit 77\n'

    def box(port: int, text: str) -> Box:
        return Box(
            name="OpenSMTPD",
            package="opensmtpd",
            port=port,
            command=("/usr/sbin/smtpd", "-d", "-f", "/etc/school.conf"),
            users=(BOXES, "opensmtpd", "opensmtpq", FULL, POLICY, SMALL, FINE),
            etc={"school.conf": _flush(text), "smtpd-full": full},
            prepare="mkdir -p -m 711 /var/spool/smtpd; mkdir -p /var/lib/opensmtpd/empty",
        )

    return (box(relay, at_relay), box(school, at_school), box(small, at_small))


MAILERS: dict[str, tuple[str, Callable[[int], Boxes]]] = {
    "Postfix": ("postfix", postfix),
    "Exim": ("exim4-daemon-light", exim),
    "OpenSMTPD": ("opensmtpd", opensmtpd),
}


def _flush(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines).strip() + "\n"
