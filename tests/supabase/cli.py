"""The real Supabase CLI on our migrations: it applies them to a Postgres, agrees with our own runner about what is
applied, and its advisors find nothing; that they would is shown by faults planted on purpose.

``python -m tests.supabase.cli`` needs npm, which fetches the CLI into a temporary folder; ``SUPABASE_CLI`` names one
that is there already.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path

import psycopg

from orchestrator.db.migrations import FOLDER, newest_version
from orchestrator.db.session import migrate_database
from tests.fakes.postgres import create_database, running_postgres

VERSION = "3.1.0"
_ENVIRONMENT = {**os.environ, "SUPABASE_TELEMETRY_DISABLED": "1", "NO_COLOR": "1"}
# What an advisor says -> what is planted for it.
FAULTS = {
    "rls_disabled_in_public": "alter table edits disable row level security",
    "security_definer_view": "create view every_project as select * from video_projects; "
    "grant select on every_project to authenticated",
    "auth_rls_initplan": "alter policy remove on video_projects using (owner_id = auth.uid())",
    "rls_policy_always_true": "alter policy add on scripts with check (true)",
    "multiple_permissive_policies": "create policy see_more on scenes for select to authenticated using (false)",
    "function_search_path_mutable": "create function one() returns int language sql as 'select 1'",
}


class Cli:
    def __init__(self, program: str, url: str) -> None:
        self._program, self._remote = program, f"--remote={url}?sslmode=disable"

    def run(self, *command: str) -> tuple[int, str]:
        """(exit code, what it said)"""
        call = [self._program, *command, self._remote]
        done = subprocess.run(
            call, cwd=FOLDER.parent, env=_ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def advise(self) -> tuple[int, Counter[str]]:
        """(exit code, how often each thing was found); the code is not 0 where one is worth a warning."""
        code, said = self.run("db", "advisors", "--level", "info", "--fail-on", "warn")
        start = said.find("[\n")
        found, _ = json.JSONDecoder().raw_decode(said[start:]) if start >= 0 else ([], 0)
        return code, Counter(f"{lint['level']} {lint['name']}" for lint in found)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running_postgres() as server:
        program = os.environ.get("SUPABASE_CLI") or _installed(Path(folder))
        began = time.monotonic()
        _apply(program, _database(server))
        _agree(program, _database(server))
        print(f"The Supabase CLI {VERSION} and our migrations agree ({time.monotonic() - began:.0f} s).")


def _apply(program: str, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute((FOLDER / "prelude.sql").read_bytes())
    cli = Cli(program, url)
    code, said = cli.run("db", "push", "--yes")
    _insist(code == 0, "db push", said)
    code, said = cli.run("migration", "list")
    _insist(code == 0 and said.count(str(newest_version())) == 2, "migration list", said)
    print(said)
    done = migrate_database(url, data_dir=Path())
    _insist("up to date already" in done, "our runner after the CLI", done)
    code, found = cli.advise()
    print("advisors:", dict(found))
    _insist(code == 0, "db advisors", str(found))
    with psycopg.connect(url) as connection:
        for statement in FAULTS.values():
            connection.execute(statement.encode())
    code, found = cli.advise()
    seen = {name.split()[1] for name in found}
    print("advisors, faults planted:", {name: count for name, count in found.items() if not name.startswith("INFO")})
    _insist(code != 0 and set(FAULTS) <= seen, "planted faults", f"not seen: {set(FAULTS) - seen}")


def _agree(program: str, url: str) -> None:
    migrate_database(url, data_dir=Path())
    code, said = Cli(program, url).run("db", "push", "--yes")
    _insist(code == 0 and "up to date" in said, "db push after our runner", said)


def _database(server: str) -> str:
    return create_database(server, f"cli_{uuid.uuid4().hex}", is_empty=True)


def _installed(folder: Path) -> str:
    npm = shutil.which("npm")
    _insist(npm is not None, "npm", "is not installed")
    command = ["npm", "install", "--no-fund", "--no-audit", "--prefix", str(folder), f"supabase@{VERSION}"]
    subprocess.run(command, env=_ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    return str(folder / "node_modules" / ".bin" / "supabase")


def _insist(is_so: bool, what: str, said: str) -> None:
    if not is_so:
        sys.exit(f"{what}: {said}")


if __name__ == "__main__":
    main()
