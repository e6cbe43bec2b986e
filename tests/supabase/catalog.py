"""What a Postgres says of its schema, as sets of lines that can be compared."""

from __future__ import annotations

import psycopg

_STRUCTURE = (
    """
    select format('column %I.%I %s%s%s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  case when a.attnotnull then ' not null' end, ' default ' || pg_get_expr(d.adbin, d.adrelid))
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    """,
    # Newer servers list NOT NULL here too; the columns above tell it on all of them.
    """
    select format('constraint %s.%I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
    """,
    "select indexdef from pg_indexes where schemaname = 'public'",
)
_SECURITY = (
    """
    select format('table %I: row security %s%s', relname, case when relrowsecurity then 'on' else 'OFF' end,
                  case when relforcerowsecurity then ', forced' end)
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'm', 'p')
    """,
    """
    select format('grant %I to %s: %s', table_name, grantee, string_agg(privilege_type, ' ' order by privilege_type))
    from information_schema.role_table_grants
    where table_schema = 'public' and grantee in ('anon', 'authenticated', 'service_role', 'PUBLIC')
    group by table_name, grantee
    """,
    """
    select format('grant %s(%I) to %s: %s', attrelid::regclass, attname, grantee::regrole, privilege_type)
    from pg_attribute, aclexplode(attacl) where attrelid in
        (select oid from pg_class where relnamespace = 'public'::regnamespace)
    """,
    """
    select format('policy %I.%I %s for %s to %s using (%s) check (%s)', tablename, policyname, lower(permissive),
                  lower(cmd), array_to_string(roles, ','), qual, with_check)
    from pg_policies where schemaname = 'public'
    """,
    """
    select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
    """,
    """
    select format('function %s: %s, set %s, run by %s', p.oid::regprocedure,
                  case when prosecdef then 'security definer' else 'security invoker' end,
                  array_to_string(proconfig, ' '),
                  (select string_agg(role, ' ' order by role)
                   from unnest(array['anon', 'authenticated', 'service_role']) role
                   where has_function_privilege(role, p.oid, 'execute')))
    from pg_proc p where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    """,
    """
    select format('schema %I used by %s', nspname, string_agg(role, ' ' order by role))
    from pg_namespace, unnest(array['anon', 'authenticated', 'service_role']) role
    where nspname in ('private', 'supabase_migrations') and has_schema_privilege(role, oid, 'usage') group by nspname
    """,
)


def structure(connection: psycopg.Connection) -> set[str]:
    """Columns with types and defaults, constraints and indexes of ``public``."""
    return _lines(connection, _STRUCTURE)


def security(connection: psycopg.Connection) -> set[str]:
    """Row security, grants, policies, triggers and functions: who may do what."""
    return _lines(connection, _SECURITY)


def _lines(connection: psycopg.Connection, queries: tuple[str, ...]) -> set[str]:
    return {" ".join(str(row[0]).split()) for query in queries for row in connection.execute(query.encode())}
