"""The description of the API: exactly the promised routes, and nothing that needs the network."""

from __future__ import annotations

import httpx

ROUTES = {
    ("POST", "/v1/video/projects"),
    ("GET", "/v1/video/projects"),
    ("PATCH", "/v1/video/projects/{id}"),
    ("DELETE", "/v1/video/projects/{id}"),
    ("PUT", "/v1/video/projects/{id}/archived"),
    ("POST", "/v1/video/projects/{id}/restore"),
    ("POST", "/v1/video/projects/{id}/erase"),
    ("POST", "/v1/video/projects/{id}/duplicate"),
    ("GET", "/v1/video/projects/{id}/people"),
    ("PUT", "/v1/video/projects/{id}/people"),
    ("DELETE", "/v1/video/projects/{id}/people/{email}"),
    ("POST", "/v1/video/projects/{id}/leave"),
    ("POST", "/v1/invitations"),
    ("GET", "/v1/video/metrics"),
    ("GET", "/v1/video/renders"),
    ("PUT", "/v1/video/renders/{id}/rating"),
    ("POST", "/v1/video/briefs"),
    ("POST", "/v1/video/clip-plans"),
    ("POST", "/v1/video/clip-plans/{id}/start"),
    ("POST", "/v1/video/clip-plans/{id}/pause"),
    ("POST", "/v1/video/clip-plans/{id}/cancel"),
    ("POST", "/v1/video/clip-plans/{id}/retry"),
    ("PUT", "/v1/video/clip-plans/{id}/order"),
    ("PUT", "/v1/video/clip-plans/{id}/budget"),
    ("GET", "/v1/video/clip-plans/{id}/status"),
    ("GET", "/v1/video/clip-plans/{id}/export"),
    ("POST", "/v1/video/clip-plans/{id}/animatic"),
    ("GET", "/v1/video/clip-plans/{id}/animatic"),
    ("PUT", "/v1/video/clip-plans/{id}/arrangement"),
    ("POST", "/v1/video/clip-plans/{id}/scenes"),
    ("PUT", "/v1/video/scenes/{id}"),
    ("PUT", "/v1/video/clip-plans/{id}/transition"),
    ("PUT", "/v1/video/clips/{id}/transition"),
    ("POST", "/v1/video/clips/{id}/split"),
    ("POST", "/v1/video/clips/{id}/duplicate"),
    ("POST", "/v1/video/clip-plans/{id}/merge"),
    ("POST", "/v1/video/clip-plans/{id}/remove"),
    ("POST", "/v1/video/takes/{id}/retime"),
    ("GET", "/v1/video/projects/{id}/edits"),
    ("POST", "/v1/video/projects/{id}/undo"),
    ("POST", "/v1/video/projects/{id}/redo"),
    ("PATCH", "/v1/video/clips/{id}"),
    ("POST", "/v1/video/clips/{id}/assess"),
    ("POST", "/v1/video/clips/{id}/retry"),
    ("POST", "/v1/video/renders"),
    ("GET", "/v1/video/renders/{id}"),
    ("POST", "/v1/video/takes/{id}/approve"),
    ("POST", "/v1/video/takes/{id}/reject"),
    ("PUT", "/v1/video/takes/{id}/checks/{check}"),
    ("GET", "/v1/video/projects/{id}/policy"),
    ("PUT", "/v1/video/projects/{id}/policy"),
    ("POST", "/v1/video/projects/{id}/what-if"),
    ("GET", "/v1/video/calibration"),
    ("GET", "/v1/media/{asset_id}/peaks"),
    ("PUT", "/v1/workspace"),
    ("GET", "/v1/workspace"),
    ("GET", "/v1/video/assessments"),
    ("GET", "/v1/video/needs-you"),
    ("POST", "/v1/video/takes/{id}/take-back"),
    ("POST", "/v1/sora/generate"),
    ("GET", "/v1/sora/videos"),
    ("DELETE", "/v1/sora/videos/{id}"),
    ("POST", "/v1/sora/videos/{id}/restore"),
    ("POST", "/v1/sora/videos/{id}/storyboard"),
    ("GET", "/v1/sora/videos/{id}/variations"),
    ("POST", "/v1/sora/preferences"),
    ("POST", "/v1/sora/remix"),
    ("GET", "/v1/sora/videos/{id}"),
    ("GET", "/v1/sora/videos/{id}/content"),
    ("POST", "/v1/sora/optimize-prompt"),
    ("POST", "/v1/media/pictures"),
    ("POST", "/v1/media/pictures/from-take"),
    ("PUT", "/v1/video/clips/{id}/picture"),
    ("GET", "/v1/media/{asset_id}"),
    ("GET", "/v1/media/{asset_id}/still"),
}


async def test_description_lists_exactly_the_promised_routes_when_read(client: httpx.AsyncClient) -> None:
    description = (await client.get("/api/openapi.json")).json()
    assert description["servers"] == [{"url": "/api"}]
    listed = {(method.upper(), path) for path, item in description["paths"].items() for method in item}
    assert listed == ROUTES


async def test_every_route_says_what_it_does_and_how_it_fails_when_described(client: httpx.AsyncClient) -> None:
    description = (await client.get("/api/openapi.json")).json()
    routes = [route for item in description["paths"].values() for route in item.values()]
    assert len({route["operationId"] for route in routes}) == len(ROUTES)
    for route in routes:
        assert route["summary"]
        answers = route["responses"]
        assert {"401", "403", "422", "500"} <= set(answers)
        for status, described in answers.items():
            if int(status) >= 400 and "content" in described:
                schema = described["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}
        assert any(status.startswith("2") and described.get("content") for status, described in answers.items())


async def test_request_bodies_refuse_unknown_fields_when_described(client: httpx.AsyncClient) -> None:
    description = (await client.get("/api/openapi.json")).json()
    bodies = [
        route["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for item in description["paths"].values()
        for route in item.values()
        if "application/json" in route.get("requestBody", {}).get("content", {})
    ]
    assert len(bodies) > 25
    for name in bodies:
        assert description["components"]["schemas"][name]["additionalProperties"] is False


async def test_no_page_of_a_public_network_is_served_when_asked_for_docs(client: httpx.AsyncClient) -> None:
    for path in ("/api/docs", "/api/redoc", "/api/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404
