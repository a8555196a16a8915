"""The downloads of responses, of a campaign or of one pupil, for those who may read answers.

Each is a GET that leaves one audit row and changes nothing else: Law 3 is about students' links.
"""

from collections.abc import Iterator
from typing import IO
from uuid import UUID

from flask import Response

from outreach import web
from outreach.campaigns.finding import find_campaign
from outreach.pupils.finding import get_pupil
from outreach.reports.export_files import (
    Kind,
    campaign_file,
    pupil_file,
    record_campaign,
    record_pupil,
)
from outreach.reports.views import BYTE_ORDER_MARK, DOWNLOADERS, room
from outreach.schools.access import signed_in, staff_page

PIECE = 64 * 1024
"""Bytes of a file that are read at a time."""


@room.get("/staff/campaigns/<uuid:campaign_id>/results.csv")
@staff_page(*DOWNLOADERS)
def download_results(campaign_id: UUID) -> Response:
    return _of_campaign(campaign_id, Kind.CSV)


@room.get("/staff/campaigns/<uuid:campaign_id>/results.xlsx")
@staff_page(*DOWNLOADERS)
def download_workbook(campaign_id: UUID) -> Response:
    return _of_campaign(campaign_id, Kind.XLSX)


@room.get("/staff/campaigns/<uuid:campaign_id>/results.json")
@staff_page(*DOWNLOADERS)
def download_json(campaign_id: UUID) -> Response:
    return _of_campaign(campaign_id, Kind.JSON)


@room.get("/staff/pupils/<uuid:pupil_id>/results.csv")
@staff_page(*DOWNLOADERS)
def download_pupil_results(pupil_id: UUID) -> Response:
    return _of_pupil(pupil_id, Kind.CSV)


@room.get("/staff/pupils/<uuid:pupil_id>/results.xlsx")
@staff_page(*DOWNLOADERS)
def download_pupil_workbook(pupil_id: UUID) -> Response:
    return _of_pupil(pupil_id, Kind.XLSX)


@room.get("/staff/pupils/<uuid:pupil_id>/results.json")
@staff_page(*DOWNLOADERS)
def download_pupil_json(pupil_id: UUID) -> Response:
    return _of_pupil(pupil_id, Kind.JSON)


def _of_campaign(campaign_id: UUID, kind: Kind) -> Response:
    find_campaign(web.db(), campaign_id)
    record_campaign(web.db(), campaign_id, kind, signed_in().actor, web.now())
    made = campaign_file(web.db(), web.parts().library, campaign_id, kind, BYTE_ORDER_MARK)
    return _attached(made, kind, f"results-{campaign_id}")


def _of_pupil(pupil_id: UUID, kind: Kind) -> Response:
    get_pupil(web.db(), pupil_id)
    record_pupil(web.db(), pupil_id, kind, signed_in().actor, web.now())
    made = pupil_file(web.db(), web.parts().library, pupil_id, kind, BYTE_ORDER_MARK)
    return _attached(made, kind, f"pupil-{pupil_id}")


def _attached(made: IO[bytes], kind: Kind, name: str) -> Response:
    answer = Response(_pieces(made), mimetype=kind.mimetype)
    answer.call_on_close(made.close)  # whoever asked for the headers alone takes no piece
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.{kind.value}")
    return answer


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while piece := made.read(PIECE):
            yield piece
