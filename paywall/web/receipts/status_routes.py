"""Route of the status lists: whether receipts were revoked, for whoever verifies one."""

import re

from starlette.requests import Request
from starlette.responses import Response

from paywall.errors import NotFound
from paywall.revocations.status_lists import StatusLists
from paywall.web.edge.conditional import named_by
from shared.tokens.status_list import MEDIA_TYPE

#: shorter than anybody's patience with a revoked receipt; every cache may keep it
KEPT_SECONDS = 60
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)


class StatusListRoutes:
    """GET /api/status-lists/{n}"""

    def __init__(self, status_lists: StatusLists) -> None:
        self._status_lists = status_lists

    async def status_list(self, request: Request) -> Response:
        """In the form of npm agentcommercekit, or W3C's for who accepts application/vc+jwt."""
        number = request.path_params["n"]
        if not _NUMBER.fullmatch(number):
            raise NotFound("There is no such status list.")
        found = await self._status_lists.read(int(number))
        w3c = MEDIA_TYPE in request.headers.get("accept", "").lower()
        body, tag = (found.w3c, found.w3c_hash) if w3c else (found.ack, found.ack_hash)
        headers = {
            "Cache-Control": f"public, max-age={KEPT_SECONDS}",
            "ETag": f'"{tag}"',
            "Vary": "Accept",
        }
        if named_by(request, headers["ETag"]):
            return Response(None, 304, headers)
        return Response(body, 200, headers, media_type=MEDIA_TYPE if w3c else "application/json")
