"""What the Data sharing page shows: both words on the connection, the table, switches, history."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from outreach.privacy.deleting import Held, what_is_held
from outreach.privacy.sharing_table import SharingTable, sharing_table
from outreach.pupils.sync.connections import connection_of
from outreach.pupils.sync.pages import SyncView, connected_page
from outreach.pupils.sync.permission import connection_in_force
from outreach.pupils.sync.switching import would_delete
from outreach.schools.contacts import Contacts, contacts_of
from outreach.schools.models import Connection
from outreach.schools.past_changes import history
from outreach.schools.purposes import DataItem, table
from outreach.schools.sharing import (
    KINDS_OF_ADDRESS,
    UNDECIDED,
    InForce,
    SharingChanges,
    agreement,
    in_force,
    moves_of,
    undecided_addresses,
    written,
)
from outreach.schools.sharing_words import CONNECTION_NAMES, setting_words
from outreach.schools.switches import switch_names, switches_of

CHOICES = (Connection.AUTHORISED, Connection.PAUSED, Connection.REVOKED)
SHOWN_CHANGES = 100


@dataclass(frozen=True)
class SettingView:
    """One setting: what it is now, and what there is to choose. `chosen` is None where undecided."""

    field: str
    name: str
    value: str
    value_name: str
    does: str
    options: tuple[tuple[str, str, str], ...]

    @property
    def chosen(self) -> str | None:
        return None if self.value == UNDECIDED else self.value


@dataclass(frozen=True)
class SourceView:
    """The integrator, its word, and how the last sync ended."""

    called: str
    state: str
    state_name: str
    words: str | None
    last_sync: SyncView | None


@dataclass(frozen=True)
class DeletionView:
    """`by_integrator`: the school took its permission back there, so that it is undone there."""

    at: datetime
    held: Held
    by_integrator: bool


@dataclass(frozen=True)
class ChangeView:
    """One line of the history."""

    change_id: UUID
    at: datetime
    who: str
    name: str
    before: str
    after: str
    why: str | None


@dataclass(frozen=True)
class SharingPage:
    in_force: Connection
    school_word: Connection
    source: SourceView | None
    summary: str
    deletion: DeletionView | None
    deletion_days: int
    table: SharingTable
    main_settings: tuple[SettingView, ...]
    item_settings: tuple[SettingView, ...]
    purpose_settings: tuple[SettingView, ...]
    contacts: Contacts
    history: tuple[ChangeView, ...]
    seen: str

    @property
    def in_force_name(self) -> str:
        return CONNECTION_NAMES[self.in_force.value]

    @property
    def school_word_name(self) -> str:
        return CONNECTION_NAMES[self.school_word.value]


def sharing_page(session: Session) -> SharingPage:
    current = agreement(session)
    source = _source(session)
    stricter = connection_in_force(session)
    views = {view.field: view for view in _settings(session)}
    return SharingPage(
        in_force=stricter,
        school_word=current.connection,
        source=source,
        summary=what_is_mailed(in_force(current, SharingChanges(connection=stricter))),
        deletion=None
        if current.deletes_at is None
        else DeletionView(
            current.deletes_at,
            what_is_held(session),
            by_integrator=current.connection is not Connection.REVOKED,
        ),
        deletion_days=current.deletion_days,
        table=sharing_table(session),
        main_settings=tuple(view for name, view in views.items() if "." not in name),
        item_settings=tuple(view for name, view in views.items() if name.startswith("item.")),
        purpose_settings=tuple(view for name, view in views.items() if name.startswith("purpose.")),
        contacts=contacts_of(session),
        history=_history(session),
        seen=current.changed_at.isoformat(),
    )


def _source(session: Session) -> SourceView | None:
    if connection_of(session) is None:
        return None
    page = connected_page(session)
    return SourceView(
        called=page.called,
        state=page.state.value,
        state_name=setting_words("source").value_name(page.state.value),
        words=page.state_words,
        last_sync=page.latest,
    )


def _settings(session: Session) -> list[SettingView]:
    current, switches = agreement(session), switches_of(session)
    undecided = undecided_addresses(session)
    values = {"connection": current.connection.value}
    values |= {
        name: UNDECIDED if name in undecided else written(getattr(current, name))
        for name in ("student_email", *KINDS_OF_ADDRESS)
    }
    values |= {name: written(switches.position(name)) for name in switch_names()}
    return [_setting(name, value) for name, value in values.items()]


def _setting(name: str, value: str) -> SettingView:
    words = setting_words(name)
    choices = [one.value for one in CHOICES] if name == "connection" else ["on", "off"]
    return SettingView(
        field=name,
        name=words.name,
        value=value,
        value_name=words.value_name(value),
        does=words.what_it_does(value),
        options=tuple((one, words.value_name(one), words.what_it_does(one)) for one in choices),
    )


def _history(session: Session) -> tuple[ChangeView, ...]:
    return tuple(
        ChangeView(
            change_id=past.change_id,
            at=past.at,
            who=past.who,
            name=setting_words(past.setting).name,
            before=setting_words(past.setting).value_name(past.before),
            after=setting_words(past.setting).value_name(past.after),
            why=past.why,
        )
        for past in history(session, SHOWN_CHANGES)
    )


@dataclass(frozen=True)
class MoveView:
    """One setting that is about to move, and what that does."""

    field: str
    name: str
    before: str
    after: str
    value: str
    does: str


@dataclass(frozen=True)
class CheckPage:
    """What a change would do. `deleted` are labels of items of which all that is held goes."""

    moves: tuple[MoveView, ...]
    summary: str
    deleted: tuple[str, ...]
    undoes_deletion: bool
    starts_deletion: int | None


def check_page(session: Session, changes: SharingChanges) -> CheckPage:
    """Without moves where everything is chosen as it stands."""
    current = agreement(session)
    after = in_force(current, changes)
    was_revoked = current.connection is Connection.REVOKED
    is_revoked = after.connection is Connection.REVOKED
    deleted = would_delete(session, changes)
    days = changes.deletion_days or current.deletion_days
    return CheckPage(
        moves=tuple(
            MoveView(
                field=move.setting,
                name=setting_words(move.setting).name,
                before=setting_words(move.setting).value_name(move.before),
                after=setting_words(move.setting).value_name(move.after),
                value=move.after,
                does=setting_words(move.setting).what_it_does(move.after),
            )
            for move in moves_of(session, changes)
        ),
        summary=what_is_mailed(after),
        deleted=tuple(table().items[DataItem(item.value)].label for item in deleted),
        undoes_deletion=was_revoked and not is_revoked and current.deletes_at is not None,
        starts_deletion=days if is_revoked and not was_revoked else None,
    )


def what_is_mailed(current: InForce) -> str:
    """The four settings together, in one sentence."""
    if current.connection is not Connection.AUTHORISED:
        return "No mail goes to students, because the connection is not authorised."
    if not current.student_email:
        return "No mail goes to students, because student email is off."
    match current.work_email, current.home_email:
        case True, True:
            return (
                "Mail goes to each student's school address, and to a private address only where "
                "there is no valid school address."
            )
        case True, False:
            return "Mail goes to school addresses only."
        case False, True:
            return "Mail goes to private addresses only."
        case _:
            return "No mail goes to students, because both kinds of address are off."
