"""What must be set for people to sign in, and when a cookie may be believed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from orchestrator import bootstrap
from orchestrator.auth.cookies import Carried, is_encrypted, pack, safe_next, unpack
from orchestrator.auth.needs import check_settings, old_names, project_url
from orchestrator.errors import NotConfigured
from tests.conftest import make_settings
from tests.fakes.auth_server import FakeAuthServer
from tests.fakes.house import signing_in

WHOLE = {
    "sign_in": True,
    "database_url": SecretStr("postgresql://user:password@host/name"),
    "supabase_url": "https://abc.supabase.co",
    "supabase_publishable_key": SecretStr("sb_publishable_x"),
}
OLD_SECRET_KEY = jwt.encode({"role": "service_role"}, "a secret that is long enough for this test", "HS256")
OLD_PUBLIC_KEY = jwt.encode({"role": "anon"}, "a secret that is long enough for this test", "HS256")


def test_what_is_whole_is_taken(tmp_path: Path) -> None:
    check_settings(make_settings(tmp_path, **WHOLE))
    check_settings(make_settings(tmp_path, **{**WHOLE, "supabase_publishable_key": SecretStr(OLD_PUBLIC_KEY)}))
    check_settings(make_settings(tmp_path, **{**WHOLE, "sign_in": False, "api_token": SecretStr("x" * 20)}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"database_url": SecretStr("")}, "no DATABASE_URL"),
        ({"supabase_url": ""}, "no SUPABASE_URL"),
        ({"supabase_publishable_key": SecretStr("")}, "no SUPABASE_PUBLISHABLE_KEY"),
        ({"supabase_url": "", "supabase_publishable_key": SecretStr("")}, "SUPABASE_URL and no SUPABASE_PUB"),
        ({"database_url": SecretStr("sqlite:///a.sqlite3")}, "SQLite cannot keep users apart"),
        ({"api_token": SecretStr("a token")}, "API_TOKEN and SIGN_IN do not go together"),
        ({"supabase_publishable_key": SecretStr("sb_secret_x")}, "holds a secret key"),
        ({"supabase_publishable_key": SecretStr(OLD_SECRET_KEY)}, "holds a secret key"),
        ({"supabase_publishable_key": SecretStr("two words")}, "no key of a Supabase project"),
        ({"supabase_url": "http://abc.supabase.co"}, "must be https"),
        ({"supabase_url": "abc.supabase.co"}, "address of a project"),
        ({"public_url": "films.example.org"}, "PUBLIC_URL must be"),
        ({"public_url": "https://films.example.org/app"}, "PUBLIC_URL must be"),
        ({"public_url": "http://["}, "PUBLIC_URL must be"),
    ],
)
def test_what_is_missing_or_wrong_is_named_before_anything_starts(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    settings = make_settings(tmp_path / "data", **{**WHOLE, **change})
    with pytest.raises(NotConfigured, match=words) as caught:
        bootstrap.build(settings, is_durable=False)
    assert "sb_secret" not in str(caught.value) and OLD_SECRET_KEY not in str(caught.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("pasted", ["https://abc.supabase.co/", "https://abc.supabase.co", " https://abc.supabase.co"])
def test_the_project_is_found_however_it_was_pasted(tmp_path: Path, pasted: str) -> None:
    assert project_url(make_settings(tmp_path, supabase_url=pasted)) == "https://abc.supabase.co"


def test_old_names_are_taken_and_told_of(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, supabase_anon_key=OLD_PUBLIC_KEY, supabase_service_role_key="sb_secret_x")
    assert settings.supabase_publishable_key.get_secret_value() == OLD_PUBLIC_KEY
    assert settings.supabase_secret_key.get_secret_value() == "sb_secret_x"
    assert [notice.split(" ")[0] for notice in old_names(settings)] == [
        "SUPABASE_SERVICE_ROLE_KEY",
        "SUPABASE_ANON_KEY",
    ]
    today = make_settings(tmp_path, supabase_anon_key=OLD_PUBLIC_KEY, supabase_publishable_key="sb_publishable_x")
    assert today.supabase_publishable_key.get_secret_value() == "sb_publishable_x"
    assert old_names(today) == ()
    assert "old kind" in old_names(make_settings(tmp_path, supabase_publishable_key=OLD_PUBLIC_KEY))[0]


def test_the_doctor_tells_of_sign_in(
    auth_server: FakeAuthServer, postgres_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        key = {"supabase_publishable_key": "", "supabase_anon_key": auth_server.key}
        with signing_in(auth_server, postgres_url, tmp_path, sign_in_with=("github",), **key) as app:
            items = {item.name: item for item in (*app.views.doctor(), *app.check_sign_in())}
    assert items["Sign-in"].detail == "on: e-mail, github"
    assert items["Supabase key"].state == "missing"
    assert items["Answer of Supabase Auth"].state == "ok"
    assert items["Takes and films"].detail == "folder assets in DATA_DIR"
    assert "SUPABASE_ANON_KEY is an old name" in caplog.text and auth_server.key not in caplog.text


@pytest.mark.parametrize("more", [{}, {"allowed_hosts": "studio.example"}])
def test_the_doctor_warns_of_an_app_that_asks_nobody_who_they_are(tmp_path: Path, more: dict[str, str]) -> None:
    app = bootstrap.build(make_settings(tmp_path, **more), is_durable=False)
    items = {item.name: item for item in app.views.doctor()}
    app.stop()
    assert items["Sign-in"].detail.startswith("off")
    assert app.check_sign_in() == ()
    assert ("ALLOWED_HOSTS" in items) == bool(more)


@given(st.text(max_size=80))
def test_wherever_people_go_next_is_here(wanted: str) -> None:
    found = safe_next(wanted)
    assert found in ("/", wanted)
    assert found.startswith("/") and not found.startswith("//") and "\\" not in found
    assert safe_next(f"/{wanted}")[:2] not in ("//", "/\\")


@given(st.text(max_size=200))
def test_what_a_browser_carries_may_be_anything(value: str) -> None:
    assert safe_next(unpack(value).next) == unpack(value).next
    carried = Carried("v" * 64, "/storyboard?project=p", "recovery", value[:50])
    assert unpack(pack(carried)) == carried
    assert carried.verifier not in repr(carried)


@pytest.mark.parametrize(
    ("scheme", "host", "forwarded", "public", "is_https"),
    [
        ("http", "127.0.0.1:8501", "", "", False),
        ("https", "127.0.0.1:8501", "", "", True),
        ("wss", "studio.example", "", "", True),
        ("http", "studio.example", "https", "", True),
        ("http", "studio.example:8443", "https", "", True),
        ("http", "studio.example", "http", "", False),
        ("http", "another.example", "https", "", False),
        ("http", "127.0.0.1:8501", "https", "https://films.example", False),
        ("http", "films.example", "", "https://films.example", True),
        ("http", "films.example", "", "http://films.example", False),
    ],
)
def test_https_is_believed_of_those_who_were_named(
    scheme: str, host: str, forwarded: str, public: str, is_https: bool
) -> None:
    headers = {"host": host, **({"x-forwarded-proto": forwarded} if forwarded else {})}
    found = is_encrypted(scheme, headers, allowed_hosts=("Studio.example",), public_url=public)
    assert found is is_https
