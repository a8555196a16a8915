"""What each setting may be, what it is by default, and what stops the start."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outreach.reading_settings import SettingsFault
from outreach.running.locks import hold
from outreach.settings import (
    GIVEN_FILE,
    KEYS_FILE,
    MARKER,
    PLAN_FILE,
    SET_LOCK,
    Settings,
    keep_given,
    load,
)

KEY, OLDER_KEY = "k" * 32, "o" * 40
PUBLIC = {
    "PUBLIC_URL": "https://questionnaires.school.example",
    "SECRET_KEYS": f"{KEY},{OLDER_KEY}",
    "MAIL_FROM": "Careers <careers@school.example>",
    "DATABASE_URL": "postgresql://user:pw@db.school.example/outreach",
    "REDIS_URL": "redis://:pw@cache.school.example:6379/0",
    "SMTP_URL": "smtp://user:pw@mail.school.example:587?starttls=required",
}


def load_with(tmp_path: Path, **given: str) -> Settings:
    return load({"DATA_DIR": str(tmp_path / "data"), **given})


def fault_of(tmp_path: Path, **given: str) -> str:
    with pytest.raises(SettingsFault) as fault:
        load_with(tmp_path, **given)
    return str(fault.value)


def test_nothing_given_serves_this_machine_with_embedded_parts(tmp_path: Path) -> None:
    settings = load_with(tmp_path)
    assert (settings.port, settings.public_url) == (8000, "http://127.0.0.1:8000")
    assert settings.mail_from.endswith(".example>")
    assert settings.is_embedded_database
    assert settings.is_embedded_redis
    assert settings.is_embedded_mail
    assert not settings.is_public
    assert not settings.is_https


def test_a_port_alone_moves_the_public_url_with_it(tmp_path: Path) -> None:
    assert load_with(tmp_path, PORT="8123").public_url == "http://127.0.0.1:8123"


def test_an_empty_setting_counts_as_not_given(tmp_path: Path) -> None:
    assert load_with(tmp_path, DATABASE_URL="", PORT=" ").is_embedded_database


def test_everything_given_replaces_every_embedded_part(tmp_path: Path) -> None:
    settings = load_with(tmp_path, **PUBLIC)
    assert settings.database_url == "postgresql+psycopg://user:pw@db.school.example/outreach"
    assert settings.redis_url == PUBLIC["REDIS_URL"]
    assert settings.smtp_url == PUBLIC["SMTP_URL"]
    assert settings.secret_keys == (KEY, OLDER_KEY)
    assert settings.is_public
    assert settings.is_https
    assert not settings.is_embedded_database
    assert not settings.is_embedded_redis
    assert not settings.is_embedded_mail


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_same(tmp_path: Path, scheme: str) -> None:
    settings = load_with(tmp_path, DATABASE_URL=f"{scheme}://u:p%40@h:5432/d?sslmode=require")
    assert settings.database_url == "postgresql+psycopg://u:p%40@h:5432/d?sslmode=require"


@pytest.mark.parametrize(
    ("url", "is_public"),
    [
        ("http://localhost:8000", False),
        ("https://localhost", False),
        ("http://127.0.0.1:8000/", False),
        ("https://[::1]:8443", False),
    ],
)
def test_loopback_is_known_by_every_name(tmp_path: Path, url: str, is_public: bool) -> None:
    assert load_with(tmp_path, PUBLIC_URL=url).is_public is is_public


def test_a_final_slash_of_the_public_url_is_dropped(tmp_path: Path) -> None:
    settings = load_with(tmp_path, PUBLIC_URL="http://LOCALHOST:8000/")
    assert settings.public_url == "http://localhost:8000"


@pytest.mark.parametrize(
    "missing", ["SECRET_KEYS", "MAIL_FROM", "DATABASE_URL", "REDIS_URL", "SMTP_URL"]
)
def test_a_public_service_needs_each_setting(tmp_path: Path, missing: str) -> None:
    given = {name: value for name, value in PUBLIC.items() if name != missing}
    fault = fault_of(tmp_path, **given)
    assert missing in fault
    assert "PUBLIC_URL" in fault
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "٨٠٠٠"),
        ("PUBLIC_URL", "questionnaires.school.example"),
        ("PUBLIC_URL", "ftp://school.example"),
        ("PUBLIC_URL", "http://localhost:8000/path"),
        ("PUBLIC_URL", "http://localhost:8000?query=1"),
        ("PUBLIC_URL", "http://localhost:8000#top"),
        ("PUBLIC_URL", "http://user@localhost:8000"),
        ("PUBLIC_URL", "http://localhost:port"),
        ("PUBLIC_URL", "http://localhost:9000"),
        ("DATABASE_URL", "mysql://u:p@h/d"),
        ("DATABASE_URL", "postgresql://u:p@h"),
        ("DATABASE_URL", "postgresql://u:p@h:port/d"),
        ("DATABASE_MIGRATION_URL", "postgresql://u:p@h/d"),
        ("REDIS_URL", "http://h:6379"),
        ("REDIS_URL", "redis://"),
        ("SMTP_URL", "mail.school.example:25"),
        ("SMTP_URL", "smtp://mail.school.example"),
        ("SMTP_URL", "smtp://u:p/w@h:25"),
        ("SMTP_URL", "smtp://h:25?starttls=maybe"),
        ("SMTP_URL", "smtp://h:25?timeout=1"),
        ("SMTP_URL", "smtps://h:465?starttls=off"),
        ("SMTP_URL", "smtp://h:25,smtp://mail.school.example"),
        ("SMTP_URL", "smtp://h:25, smtp://h:25"),
        ("SMTP_URL", "smtp://h:25,"),
        ("PACE_ACCOUNT_PER_HOUR", "many"),
        ("PACE_DOMAIN_PER_HOUR", "0"),
        ("PACE_DOMAIN_PER_MINUTE", "-1"),
        ("SECRET_KEYS", "short"),
        ("SECRET_KEYS", f"{KEY},short"),
        ("SECRET_KEYS", ","),
        ("MAIL_FROM", "nobody"),
        ("MAIL_FROM", "a@b.example, c@d.example"),
        ("MAIL_FROM", "One, Two <a@b.example>"),
        ("MAIL_FROM", "a@b.example\nBcc: c@d.example"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_shown(
    tmp_path: Path, name: str, value: str
) -> None:
    fault = fault_of(tmp_path, **{name: value})
    assert name in fault
    assert "u:p" not in fault
    assert "short," not in fault


def test_several_mail_accounts_and_limits_are_kept(tmp_path: Path) -> None:
    both = "smtp://h:25, smtps://user:a,b@mail.school.example:465"
    settings = load_with(tmp_path, SMTP_URL=both, PACE_DOMAIN_PER_HOUR="300")
    assert settings.smtp_url == both
    assert settings.pace_domain_per_hour == 300
    assert settings.pace_account_per_hour == settings.pace_domain_per_minute == 0


@pytest.mark.parametrize(
    "sender", ["a@b.example", "Ää <a@b.example>", '"One, Two" <a@b.example>', "<a@b.example>"]
)
def test_a_sender_may_have_a_name(tmp_path: Path, sender: str) -> None:
    assert load_with(tmp_path, MAIL_FROM=sender).mail_from == sender


def test_the_made_keys_are_kept_for_the_owner_alone(tmp_path: Path) -> None:
    keys = load_with(tmp_path).secret_keys
    path = tmp_path / "data" / KEYS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(keys[0]) >= 32
    assert load_with(tmp_path).secret_keys == keys


def test_starts_at_the_same_moment_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        loaded = list(pool.map(lambda _: load_with(tmp_path).secret_keys, range(48)))
    assert len(set(loaded)) == 1


def test_given_keys_leave_no_key_behind(tmp_path: Path) -> None:
    load_with(tmp_path, SECRET_KEYS=KEY)
    assert not (tmp_path / "data" / KEYS_FILE).exists()


def test_a_spoilt_key_file_stops_the_start(tmp_path: Path) -> None:
    load_with(tmp_path)
    (tmp_path / "data" / KEYS_FILE).write_text("short")
    assert KEYS_FILE in fault_of(tmp_path)


def test_no_secret_is_in_the_repr(tmp_path: Path) -> None:
    shown = repr(load_with(tmp_path, **PUBLIC))
    assert "pw" not in shown
    assert KEY not in shown
    assert "questionnaires.school.example" in shown


def test_the_addresses_of_embedded_parts_are_read_from_the_plan(tmp_path: Path) -> None:
    load_with(tmp_path)
    (tmp_path / "data" / PLAN_FILE).write_text('{"smtp_url": "smtp://127.0.0.1:2525"}')
    assert load_with(tmp_path).smtp_url == "smtp://127.0.0.1:2525"
    assert load_with(tmp_path, SMTP_URL="smtp://h:25").smtp_url == "smtp://h:25"


def test_a_spoilt_plan_stops_the_start(tmp_path: Path) -> None:
    load_with(tmp_path)
    (tmp_path / "data" / PLAN_FILE).write_text("{")
    assert PLAN_FILE in fault_of(tmp_path)


def test_only_a_new_or_empty_folder_is_marked_as_ours(tmp_path: Path) -> None:
    load_with(tmp_path)
    assert (tmp_path / "data" / MARKER).exists()
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").touch()
    load({"DATA_DIR": str(tmp_path / "letters")})
    assert not (tmp_path / "letters" / MARKER).exists()


def test_a_data_dir_that_is_a_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert "DATA_DIR" in fault_of(tmp_path)


def test_a_command_shares_the_settings_of_the_set_that_runs(tmp_path: Path) -> None:
    keep_given(tmp_path, {"PORT": "8222", "SMTP_URL": "smtp://127.0.0.1:2525"})
    here = {"DATA_DIR": str(tmp_path)}
    with hold(tmp_path, SET_LOCK, patience=1):
        shared = load(here)
        own = load(here | {"PORT": "8333"})

    assert (shared.port, shared.public_url) == (8222, "http://127.0.0.1:8222")
    assert shared.smtp_url == "smtp://127.0.0.1:2525"
    assert not shared.is_embedded_mail
    assert own.port == 8333
    assert load(here).port == 8000  # the set has ended


def test_what_a_set_was_given_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    keep_given(tmp_path, {"SMTP_URL": "smtp://user:secret@127.0.0.1:2525"})

    assert (tmp_path / GIVEN_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("192.0.2.53", "192.0.2.53:53"),
        ("192.0.2.53:5353", "192.0.2.53:5353"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("", ""),
    ],
)
def test_the_dns_server_may_be_given_with_its_port(tmp_path: Path, given: str, read: str) -> None:
    assert load_with(tmp_path, DNS_RESOLVER=given).dns_resolver == read


@pytest.mark.parametrize("given", ["dns.example", "192.0.2.53:0", "192.0.2.53:x", "[::1"])
def test_a_dns_server_is_an_address(tmp_path: Path, given: str) -> None:
    assert "DNS_RESOLVER=" in fault_of(tmp_path, DNS_RESOLVER=given)


def test_sending_hosts_are_addresses_networks_and_includes(tmp_path: Path) -> None:
    given = "192.0.2.10, 2001:db8::/32,include:SPF.provider.example,"
    hosts = ("192.0.2.10", "2001:db8::/32", "include:spf.provider.example")
    assert load_with(tmp_path, SENDING_HOSTS=given).sending_hosts == hosts
    assert load_with(tmp_path).sending_hosts == ()


@pytest.mark.parametrize("given", ["mail.example", "192.0.2.10/24", "include:", "include:one"])
def test_a_sending_host_that_cannot_be_one_is_named_by_example(tmp_path: Path, given: str) -> None:
    assert "include:DOMAIN" in fault_of(tmp_path, SENDING_HOSTS=given)


def test_a_trial_has_a_domain_that_mail_comes_back_to_and_a_mail_server_of_ones_own_has_none(
    tmp_path: Path,
) -> None:
    assert load_with(tmp_path).bounce_domain == "bounces.outreach.example"
    assert load_with(tmp_path, SMTP_URL="smtp://mail.school.example:25").bounce_domain == ""


def test_where_mail_comes_back_to_is_read(tmp_path: Path) -> None:
    topic = "arn:aws:sns:eu-west-2:123456789012:bounces"
    settings = load_with(
        tmp_path,
        BOUNCE_DOMAIN="Bounces.School.Example.",
        BOUNCE_PORT="2600",
        BOUNCE_IMAP_URL="imaps://bounces:pw@mail.school.example/Returned",
        SES_TOPICS=f"{topic}, {topic}-2",
        MAILGUN_HOOK_KEY=KEY,
    )
    assert settings.bounce_domain == "bounces.school.example"
    assert settings.bounce_port == 2600
    assert settings.ses_topics == (topic, f"{topic}-2")
    assert "pw" not in repr(settings)
    assert KEY not in repr(settings)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("BOUNCE_DOMAIN", "b@school.example"),
        ("BOUNCE_DOMAIN", "d" * 181 + ".example"),
        ("BOUNCE_PORT", "0"),
        ("BOUNCE_IMAP_URL", "imap://bounces:pw@mail.school.example"),
        ("BOUNCE_IMAP_URL", "imaps://mail.school.example"),
        ("SES_TOPICS", "bounces"),
        ("POSTMARK_HOOK_PASSWORD", "short"),
        ("MAILGUN_HOOK_KEY", "short"),
    ],
)
def test_a_setting_of_what_comes_back_that_cannot_hold_is_named(
    tmp_path: Path, name: str, given: str
) -> None:
    assert name in fault_of(tmp_path, **{name: given})


def test_connections_are_a_number_that_one_process_can_serve(tmp_path: Path) -> None:
    assert load_with(tmp_path).smtp_connections == 20
    assert load_with(tmp_path, SMTP_CONNECTIONS="3").smtp_connections == 3
    for wrong in ("0", "101", "many", "-1"):
        assert "from 1 to 100" in fault_of(tmp_path, SMTP_CONNECTIONS=wrong)


def test_mail_is_signed_only_where_keys_are_given_and_a_missing_file_is_named(
    tmp_path: Path,
) -> None:
    assert load_with(tmp_path).dkim_keys == ()
    assert "gone.pem" in fault_of(tmp_path, DKIM_KEYS=f"a={tmp_path}/gone.pem")
