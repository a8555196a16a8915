"""Names and addresses around our mail: PTR of what sends it, where it comes back, where links lead."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from outreach.it_team.dns.asking import Asker, IpAddress, NoAnswer
from outreach.it_team.dns.findings import Finding, Verdict

MOST_HOSTS = 16
"""A network of more addresses is not looked up one by one."""


def check_sending_names(ask: Asker, hosts: Sequence[str]) -> list[Finding]:
    """Each sending address has a name, and that name leads back to it (RFC 1912 §2.1)."""
    addresses: list[IpAddress] = []
    for host in hosts:
        if not host.startswith("include:") and ip_network(host).num_addresses == 1:
            addresses.append(ip_address(host.partition("/")[0]))
    return [_check_name(ask, address) for address in addresses[:MOST_HOSTS]]


def _check_name(ask: Asker, address: IpAddress) -> Finding:
    about = str(address)
    try:
        names = ask.names_of(address)
        back = [name for name in names if address in ask.addresses(name)]
    except NoAnswer as fault:
        return Finding("PTR", about, Verdict.UNKNOWN, str(fault), "Try again in a minute.")
    if not names:
        words = "The address has no name (PTR). Many servers refuse mail from such an address."
        mend = "Ask whoever gives the address to set one, and point that name back at the address."
        return Finding("PTR", about, Verdict.WRONG, words, mend)
    if not back:
        words = f"Its name {names[0]} does not lead back to it, so receivers count it as none."
        mend = f"Give {names[0]} an address record of {about}."
        return Finding("PTR", about, Verdict.WRONG, words, mend)
    return Finding("PTR", about, Verdict.GOOD, f"Its name is {back[0]}, which leads back to it.")


def check_way_back(ask: Asker, domain: str) -> Finding:
    """Bounces must find a server."""
    try:
        servers = ask.mail_servers(domain)
        hosts = [host for host in servers or (domain,) if host]  # RFC 5321 §5.1
        takes = any(ask.addresses(host) for host in hosts)
    except NoAnswer as fault:
        return Finding("Way back", domain, Verdict.UNKNOWN, str(fault), "Try again in a minute.")
    if not takes:
        words = "No server takes mail for the return path, so bounces are lost and some receivers refuse our mail."
        mend = f"Publish an MX record for {domain} that names the server for bounces."
        return Finding("Way back", domain, Verdict.WRONG, words, mend)
    return Finding("Way back", domain, Verdict.GOOD, "A server takes the mail that comes back.")


def check_link_name(ask: Asker, host: str) -> Finding:
    try:
        found = ask.addresses(host)
    except NoAnswer as fault:
        return Finding("Links", host, Verdict.UNKNOWN, str(fault), "Try again in a minute.")
    if not found:
        words = "The name that links lead to has no address, so no student can open one."
        mend = f"Give {host} an address record, or mend PUBLIC_URL."
        return Finding("Links", host, Verdict.WRONG, words, mend)
    return Finding("Links", host, Verdict.GOOD, "The name that links lead to has an address.")
